/**
 * Reservations: a field `l:<id>` of the tenant's hash (state, admitted at, expires at, tokens, cost, names of the levels that
 * settle), and a sorted set of ids by when each is due: live ones to expire, provisional ones to be forgotten.
 */
export const LEASES = `
local LIVE, PROVISIONAL = 1, 2
local TOKENS = 116

-- Tells the levels of a lease what was spent; what is reserved for it is given up where it lives.
local function tell(lease, alive, tokens, cost)
  local writes = {}
  for k = 6, #lease do
    local name = lease[k]
    local kind, measure = string.byte(name, 1, 2)
    local text = call('HGET', H, name)
    local estimate, spent = lease[5], cost
    if measure == TOKENS then estimate, spent = lease[4], tokens end
    local freed, more = alive and estimate or 0, spent - estimate
    if kind == S then
      local window = tonumber(string.match(name, '^s.(%d+):'))
      local width = floor(window / 64) + 1
      -- Where nothing is corrected, time does not move on either.
      local level = more == 0 and stored_sliding(text) or sliding(name, text, window, width)
      level.reserved = level.reserved - freed
      if more > 0 then
        count_sliding(writes, name, level, width, more)
      elseif more < 0 then
        local held_by = floor(lease[2] / width)
        if held_by == level.current then
          level.count, level.sum = level.count + more, level.sum + more
        elseif held_by >= level.oldest then
          local count, following = read_sub_bucket(name, held_by)
          writes[#writes + 1] = sub_bucket(name, held_by)
          writes[#writes + 1] = pack('<dd', count + more, following)
          level.sum = level.sum + more
        end
      end
      write_sliding(writes, name, level)
    elseif kind == B then
      if more > 0 then
        local level = bucket(text)
        level.height, level.reserved = level.height + more * level.unit, level.reserved - freed
        write_bucket(writes, name, level)
      else
        local height, as_of, unit, rate, reserved = read('<ddddd', text)
        writes[#writes + 1] = name
        writes[#writes + 1] = pack('<ddddd', height, as_of, unit, rate, reserved - freed)
      end
    elseif kind == D then
      local level = calendar(text)
      if lease[2] >= level.start then
        level.reserved, level.counted = level.reserved - freed, level.counted + more
      elseif lease[2] >= level.start_before then
        level.reserved_before, level.counted_before = level.reserved_before - freed, level.counted_before + more
      end
      write_calendar(writes, name, level)
    elseif alive then
      writes[#writes + 1] = name
      writes[#writes + 1] = pack('<d', read('<d', text) - 1)
    end
  end
  if #writes > 0 then call('HSET', H, unpack(writes)) end
end

-- Settles leases that expired at their estimates, and forgets those for which it is too late to tell.
local function sweep(most, late, in_flight_max)
  local settled = {}
  local ids = call('ZRANGEBYSCORE', Z, '-inf', now, 'LIMIT', 0, most)
  for _, id in ipairs(ids) do
    local field = 'l:' .. id
    local stored = call('HGET', H, field)
    local lease = stored and cmsgpack.unpack(stored)
    -- One that is lost was never counted in this hash.
    local lost = not lease
    local forget = lost or lease[1] == PROVISIONAL
    if not forget then
      settled[#settled + 1] = id
      tell(lease, true, lease[4], lease[5])
      forget = kept - live >= in_flight_max or lease[3] + late <= now
      live = live - 1
    end
    if forget then
      call('HDEL', H, field)
      call('ZREM', Z, id)
      if not lost then kept = kept - 1 end
    else
      lease[1] = PROVISIONAL
      call('HSET', H, field, cmsgpack.pack(lease))
      call('ZADD', Z, lease[3] + late, id)
    end
  end
  local first = call('ZRANGE', Z, 0, 0, 'WITHSCORES')
  due = first[2] and tonumber(first[2]) or math.huge
  call('HSET', H, 'h', life())
  return settled
end

-- When the nth live lease of a level expires, or of any level.
local function expiry_of(name, nth)
  local from, found = 0, 0
  while true do
    local page = call('ZRANGEBYSCORE', Z, now + 1, '+inf', 'LIMIT', from, 64)
    if #page == 0 then return nil end
    for _, id in ipairs(page) do
      local stored = call('HGET', H, 'l:' .. id)
      local lease = stored and cmsgpack.unpack(stored)
      local alive = lease and lease[1] == LIVE
      local held = alive and name == nil
      if alive and name then
        for k = 6, #lease do held = held or lease[k] == name end
      end
      if held then found = found + 1 end
      if found == nth then return lease[3] end
    end
    from = from + #page
  end
end
`
