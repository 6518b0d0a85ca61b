/**
 * The usual case of a settlement: a lease that lives, of levels other than buckets, whose time need not move on. The same as `SETTLE`
 * would do, in one write and without a function or a table a level. Whatever else is the case is left to the rest.
 */
export const SETTLE_AT_ONCE = `
do
  local H, call, floor, byte, pack, read = KEYS[1], redis.call, math.floor, string.byte, struct.pack, struct.unpack
  local field, clock = 'l:' .. ARGV[1], $CLOCK
  local stored = call('HMGET', H, 'h', field)
  local lease = stored[1] and stored[2] and cmsgpack.unpack(stored[2])
  if lease and lease[1] == 1 and lease[6] then
    local latest, expiry, live, kept, due, epoch = read('<dddddd', stored[1])
    local now, admitted, simple = latest > clock and latest or clock, lease[2], true
    local texts = call('HMGET', H, unpack(lease, 6))
    local writes, last = { 'h', 0, 0, 0, 0, 0, 0, 0 }, 2
    for k = 6, #lease do
      local name, text = lease[k], texts[k - 5]
      local kind, measure = byte(name, 1, 2)
      local estimate, more = lease[5], ARGV[3] - lease[5]
      if measure == 116 then estimate, more = lease[4], ARGV[2] - lease[4] end
      if not text then simple = false break end
      if kind == 115 then
        local sum, oldest, current, count, reserved = read('<ddddd', text)
        if more ~= 0 then
          local window = string.match(name, '^s.(%d+):') + 0
          local width = floor(window / 64) + 1
          if (oldest + 1) * width - 1 <= now - window then simple = false break end
          local counted_by = more < 0 and floor(admitted / width) or floor(now / width)
          if counted_by == current then
            count, sum = count + more, sum + more
          elseif more > 0 then
            simple = false
            break
          elseif counted_by >= oldest then
            local part = name .. '#' .. counted_by % 65
            local counted, following = read('<dd', call('HGET', H, part))
            writes[last + 1], writes[last + 2] = part, pack('<dd', counted + more, following)
            last, sum = last + 2, sum + more
          end
        end
        writes[last + 2] = pack('<ddddd', sum, oldest, current, count, reserved - estimate)
      elseif kind == 100 then
        local start, counted, reserved, start_before, counted_before, reserved_before = read('<dddddd', text)
        if admitted >= start then
          reserved, counted = reserved - estimate, counted + more
        elseif admitted >= start_before then
          reserved_before, counted_before = reserved_before - estimate, counted_before + more
        end
        writes[last + 2] = pack('<dddddd', start, counted, reserved, start_before, counted_before, reserved_before)
      elseif kind == 110 then
        writes[last + 2] = pack('<d', read('<d', text) - 1)
      else
        simple = false
        break
      end
      writes[last + 1] = name
      last = last + 2
    end
    if simple then
      live, kept = live - 1, kept - 1
      if kept == 0 then due = math.huge end
      writes[2] = pack('<dddddd', now, expiry, live, kept, due, epoch)
      call('HSET', H, unpack(writes, 1, last))
      call('HDEL', H, field)
      call('ZREM', KEYS[2], ARGV[1])
      return pack('<dd', lease[3] > now and 1 or 2, now)
    end
  end
end
`
