import { AMOUNT_MAX } from '@atp/domain/limit'

/**
 * ARGV: reservation; requests, tokens, cost; the latest write that the caller knows of (-1: nothing is guarded); for how long the keys
 * must be kept at least where the usual case may be decided at once, else 0; lease and late time (microseconds); leases in flight
 * at most; `windows` of requests alone, `leased`, or `counted`; how many levels; the rest in one word by word (`admit` or `recount`,
 * leases swept at most, a 0 or 1 a level for shadow); the levels' names; then for each its amount, and by its kind: window and width of a sub-bucket; unit, rate and
 * capacity; four instants; nothing.
 * Answers with doubles: code (0 denied, 1 admitted, 2 stale), latest write, which level denies (0: too many in flight), microseconds to
 * wait (-1: never); then for each level what it counts, what of that is reserved, microseconds until it is empty (-1: unknown),
 * and whether it was exceeded.
 */
export const ADMIT = `
local reservation, requests, tokens, cost = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local known, lease_us, late = tonumber(ARGV[5]), tonumber(ARGV[7]), tonumber(ARGV[8])
local in_flight_max, leased, n = tonumber(ARGV[9]), ARGV[10] == 'leased', tonumber(ARGV[11])
local how, most_swept, shadows = string.match(ARGV[12], '^(%S+) (%S+) (%d*)$')
local recounting, guarded = how == 'recount', known >= 0

-- How many arguments there are by kind, and what is wanted by measure.
local SHAPE = { [S] = 3, [B] = 4, [D] = 5, [N] = 1 }
local WANTED = { [114] = requests, [116] = tokens, [99] = cost, [110] = 1 }

-- Where the arguments of each level begin.
local places, after = {}, 13 + n
for k = 1, n do
  places[k] = after
  after = after + SHAPE[string.byte(ARGV[12 + k])]
end
local lease_field = 'l:' .. (leased and reservation or '')
local stored = call('HMGET', H, 'h', lease_field, unpack(ARGV, 13, 12 + n))
begin(stored[1])
if due <= now then
  sweep(tonumber(most_swept), late, in_flight_max)
  stored = call('HMGET', H, 'h', lease_field, unpack(ARGV, 13, 12 + n))
end

if guarded and (epoch <= 0 or latest < known) then
  if stored[1] and epoch > 0 then
    epoch = -1
    call('HSET', H, 'h', life())
  end
  return pack('<dd', 2, latest)
end

local function doubles(numbers)
  return pack('<' .. string.rep('d', #numbers), unpack(numbers))
end

local answer = { 1, 0, 0, 0 }
local levels, writes, wait, refusing, too_much, need = {}, {}, 0, nil, false, 0
for k, at in ipairs(places) do
  local name, amount, shadow = ARGV[12 + k], tonumber(ARGV[at]), string.byte(shadows, k) == 49
  local kind, measure = string.byte(name, 1, 2)
  local text, want = stored[k + 2], WANTED[measure]
  local level, counted, reserved, reset, fits, lasts
  if kind == S then
    local window, width = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
    level = sliding(name, text, window, width)
    counted, reserved, lasts = level.sum, level.reserved, 2 * window
    fits = want <= amount - counted
    reset = counted == 0 and 0 or (level.current + 1) * width - 1 + window - now
  elseif kind == B then
    local unit, rate, capacity = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
    level = bucket(text, unit, rate)
    counted, reserved, lasts = ceil(level.height / unit), level.reserved, ceil(capacity / rate)
    fits = want * unit <= capacity - level.height
    reset = ceil(level.height / rate)
  elseif kind == D then
    local start, ending = period(at + 1)
    if not start then return redis.error_reply('ATPCLOCK the clocks of caller and server are a calendar period apart') end
    level = calendar(text, start)
    counted, reserved, reset, lasts = level.counted, level.reserved, ending - now, ending - now
    fits = want <= amount - counted
  else
    level = { live = text and read('<d', text) or 0 }
    counted, reserved, reset, lasts = level.live, level.live, -1, 0
    fits = want <= amount - counted
  end
  fits = fits or (want == 0 and kind ~= N)
  if reserved > counted then reserved = counted end
  if counted + want > ${AMOUNT_MAX} then too_much = true end
  if lasts > need then need = lasts end
  levels[k] = level

  if not (fits or shadow or recounting) then
    local longer
    if kind == N then
      longer = want <= amount and expiry_of(name, counted + want - amount)
    elseif kind == B then
      local unit, rate, capacity = level.unit, level.rate, tonumber(ARGV[at + 3])
      longer = want * unit <= capacity and now + ceil((want * unit + level.height - capacity) / rate)
    elseif want <= amount then
      longer = now + reset
      if kind == S then
        local window, width = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
        local free, last = amount - level.sum, level.oldest
        while last < level.current do
          local count, following = read_sub_bucket(name, last)
          free = free + count
          if free >= want then break end
          last = following
        end
        longer = (last + 1) * width - 1 + window
      end
    end
    if not longer then
      if wait >= 0 then refusing = k end
      wait = -1
    elseif wait >= 0 and (not refusing or longer - now > wait) then
      refusing, wait = k, longer - now
    end
  end
  local out = 1 + 4 * k
  answer[out], answer[out + 1], answer[out + 2], answer[out + 3] = counted, reserved, reset, fits and 0 or 1
end

local known_lease = leased and stored[2] and cmsgpack.unpack(stored[2])
if known_lease and (recounting or known_lease[1] == LIVE) then
  for k = 1, #places do answer[4 + 4 * k] = 0 end
  answer[2] = latest
  return doubles(answer)
end
if not recounting and not refusing and leased and live >= in_flight_max then
  local first = expiry_of(nil, 1)
  refusing, wait = 0, first and first - now or 0
end
if refusing then
  answer[1], answer[2], answer[3], answer[4] = 0, latest, refusing, wait
  return doubles(answer)
end
if too_much then return redis.error_reply('ATPRANGE a limit would count more than ${AMOUNT_MAX}') end

-- What was recounted without a lease is settled.
local reserving = leased and lease_us > 0
local lease = { LIVE, now, now + lease_us, tokens, cost }
for k, at in ipairs(places) do
  local name, level = ARGV[12 + k], levels[k]
  local kind, measure = string.byte(name, 1, 2)
  local want = WANTED[measure]
  local settles = reserving and measure ~= 114
  local reserve = settles and want or 0
  if settles then lease[#lease + 1] = name end
  local out = 1 + 4 * k
  if kind == S then
    local width = tonumber(ARGV[at + 2])
    level.reserved = level.reserved + reserve
    count_sliding(writes, name, level, width, want)
    write_sliding(writes, name, level)
    answer[out] = level.sum
    answer[out + 2] = level.sum == 0 and 0 or (level.current + 1) * width - 1 + tonumber(ARGV[at + 1]) - now
  elseif kind == B then
    level.height, level.reserved = level.height + want * level.unit, level.reserved + reserve
    write_bucket(writes, name, level)
    answer[out], answer[out + 2] = ceil(level.height / level.unit), ceil(level.height / level.rate)
  elseif kind == D then
    level.counted, level.reserved = level.counted + want, level.reserved + reserve
    write_calendar(writes, name, level)
    answer[out] = level.counted
  elseif reserving then
    writes[#writes + 1] = name
    writes[#writes + 1] = pack('<d', level.live + 1)
    answer[out] = level.live + 1
    reserve = 1
  end
  local reserved = answer[out + 1] + reserve
  answer[out + 1] = reserved < answer[out] and reserved or answer[out]
end

latest = now
local was_empty = kept == 0
if reserving then
  if lease_us + late > need then need = lease_us + late end
  live = live + 1
  if not known_lease then kept = kept + 1 end
  if lease[3] < due then due = lease[3] end
  writes[#writes + 1] = lease_field
  writes[#writes + 1] = cmsgpack.pack(lease)
  call('ZADD', Z, lease[3], reservation)
end
local longer_ms = keep(need)
writes[#writes + 1] = 'h'
writes[#writes + 1] = stored[1] and life() or life() .. UNPACKED
call('HSET', H, unpack(writes))
if longer_ms then
  call('PEXPIRE', H, longer_ms)
  call('PEXPIRE', Z, longer_ms)
elseif reserving and was_empty then
  call('PEXPIRE', Z, ceil((expiry - now) / 1000))
end
answer[2] = latest
return doubles(answer)
`
