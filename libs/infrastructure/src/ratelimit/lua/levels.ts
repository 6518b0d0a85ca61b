/**
 * The levels in a tenant's hash, each a field by its name, whose first letter is its kind. A sliding level is its sum, the
 * oldest and the current sub-bucket, the current one's count, and what is reserved. A sub-bucket that is no longer the current one
 * is a field of its own (`name#slot`: count, next sub-bucket that holds something), written once and read once: each event costs
 * O(1) in the mean, and memory is 65 fields at most.
 */
export const LEVELS = `
local S, B, D, N = 115, 98, 100, 110

local function sub_bucket(name, bucket)
  return name .. '#' .. bucket % 65
end

local function read_sub_bucket(name, bucket)
  return read('<dd', call('HGET', H, sub_bucket(name, bucket)))
end

-- As it was written.
local function stored_sliding(text)
  local level = { sum = 0, oldest = 0, current = 0, count = 0, reserved = 0 }
  if text then
    level.sum, level.oldest, level.current, level.count, level.reserved = read('<ddddd', text)
  end
  return level
end

-- As it is now: what left the window is taken off.
local function sliding(name, text, window, width)
  local level = stored_sliding(text)
  local left = now - window
  local first = left < 0 and 0 or floor((left + 1) / width)
  if level.current < first then
    local bucket = floor(now / width)
    level.sum, level.count, level.oldest, level.current = 0, 0, bucket, bucket
  else
    while level.oldest < first do
      local count, following = read_sub_bucket(name, level.oldest)
      level.sum, level.oldest = level.sum - count, following
    end
  end
  return level
end

-- Counts into the sub-bucket that holds now.
local function count_sliding(writes, name, level, width, amount)
  local bucket = floor(now / width)
  if bucket > level.current then
    if level.oldest == level.current and level.count == 0 then
      level.oldest = bucket
    else
      writes[#writes + 1] = sub_bucket(name, level.current)
      writes[#writes + 1] = pack('<dd', level.count, bucket)
    end
    level.current, level.count = bucket, 0
  end
  level.count, level.sum = level.count + amount, level.sum + amount
end

local function write_sliding(writes, name, level)
  writes[#writes + 1] = name
  writes[#writes + 1] = pack('<ddddd', level.sum, level.oldest, level.current, level.count, level.reserved)
end

-- A bucket as it is now; one of another rate is counted in the new unit.
local function bucket(text, unit, rate)
  local level = { height = 0, unit = unit, rate = rate, reserved = 0 }
  if text then
    local height, as_of, unit_then, rate_then, reserved = read('<ddddd', text)
    level.unit, level.rate = unit or unit_then, rate or rate_then
    if level.unit ~= unit_then then height = ceil(height / unit_then * level.unit) end
    height = height - (now - as_of) * level.rate
    level.height = height > 0 and height or 0
    level.reserved = reserved
  end
  return level
end

local function write_bucket(writes, name, level)
  writes[#writes + 1] = name
  writes[#writes + 1] = pack('<ddddd', level.height, now, level.unit, level.rate, level.reserved)
end

-- The counters of this period and the one before.
local function calendar(text, start)
  local level = { start = 0, counted = 0, reserved = 0, start_before = 0, counted_before = 0, reserved_before = 0 }
  if text then
    level.start, level.counted, level.reserved, level.start_before, level.counted_before, level.reserved_before = read('<dddddd', text)
  end
  if start and start > level.start then
    level.start_before, level.counted_before, level.reserved_before = level.start, level.counted, level.reserved
    level.start, level.counted, level.reserved = start, 0, 0
  end
  return level
end

local function write_calendar(writes, name, level)
  writes[#writes + 1] = name
  writes[#writes + 1] = pack('<dddddd', level.start, level.counted, level.reserved, level.start_before, level.counted_before, level.reserved_before)
end
`
