/**
 * What a tenant's hash says of itself, in the field `h`: the latest time of a write, when the keys expire, how many leases live,
 * how many are kept in all, before when none is due, and the epoch (0: never begun, -1: rolled back). Times are microseconds.
 */
export const LIFE = `
local H, Z = KEYS[1], KEYS[2]
local call, floor, ceil = redis.call, math.floor, math.ceil
local pack, read = struct.pack, struct.unpack
local clock = $CLOCK
local latest, expiry, live, kept, due, epoch, now

local function begin(text)
  if text then
    latest, expiry, live, kept, due, epoch = read('<dddddd', text)
  else
    latest, expiry, live, kept, due, epoch = 0, 0, 0, 0, math.huge, 0
    -- What the set still holds belongs to a hash that is lost.
    call('DEL', Z)
  end
  now = latest > clock and latest or clock
end

-- Behind the first head of a hash: a value so long makes it a table at once, in which a field is found without a search.
local UNPACKED = string.rep(' ', 64)

local function life()
  return pack('<dddddd', latest, expiry, live, kept, due, epoch)
end

-- Keeps the keys for so many microseconds and an eighth more, so that the next calls need not ask for more.
local function keep(us)
  if now + us <= expiry then return false end
  local slack = us / 8
  if slack < 60000000 then slack = 60000000 end
  expiry = now + us + floor(slack)
  local ms = ceil((expiry - now) / 1000)
  return ms
end

-- The period that holds now, of the four instants from ARGV[i] on: chosen here, by this clock.
local function period(i)
  for k = i, i + 2 do
    local start, ending = tonumber(ARGV[k]), tonumber(ARGV[k + 1])
    if now >= start and now < ending then return start, ending end
  end
  return nil
end
`
