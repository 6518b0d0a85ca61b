/**
 * ARGV: where to go on (0: the beginning), leases swept at most, late time, leases in flight at most. Forgets the levels of a part of the hash that count nothing any more, with their
 * sub-buckets: those of keys that are revoked, of limits that were changed. No reservation that may still be settled has counted in them.
 * Answers with where to go on, and how many levels went.
 */
export const FORGET = `
begin(call('HGET', H, 'h'))
local DAY = 86400000000
local late, gone = tonumber(ARGV[3]), 0
if due <= now then sweep(tonumber(ARGV[2]), late, tonumber(ARGV[4])) end
if due <= now then return { '0', '0' } end

local function over(name, text)
  local kind = string.byte(name)
  if kind == S then
    local window = tonumber(string.match(name, '^s.(%d+):'))
    local width = floor(window / 64) + 1
    local level = stored_sliding(text)
    return level.reserved > 0 and math.huge or (level.current + 1) * width + window
  elseif kind == B then
    local height, as_of, _, rate, reserved = read('<ddddd', text)
    return reserved > 0 and math.huge or as_of + ceil(height / rate)
  elseif kind == D then
    local level = calendar(text)
    if level.reserved > 0 then return math.huge end
    return level.start + (string.find(name, '^d.day:') and 2 or 32) * DAY
  end
  return read('<d', text) > 0 and math.huge or -math.huge
end

local page = call('HSCAN', H, ARGV[1], 'COUNT', 256)
for k = 1, #page[2], 2 do
  local name, text = page[2][k], page[2][k + 1]
  if string.find(name, '^[sbdn]%l[^#]*$') and over(name, text) + late <= now then
    local fields = { name }
    if string.byte(name) == S then
      for slot = 0, 64 do fields[#fields + 1] = sub_bucket(name, slot) end
    end
    call('HDEL', H, unpack(fields))
    gone = gone + 1
  end
end
return { page[1], tostring(gone) }
`
