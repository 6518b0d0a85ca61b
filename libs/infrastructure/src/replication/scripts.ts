/**
 * What Redis does with the sums, each in one step. A key is a hash: `lineage`, `told:<replica>` with the sequence up to which a
 * replica's observations are in it, and `part:<name>` as `part-encoding.ts` writes it. What a replica told stays as long as
 * the sum, also where the replica is gone for good: a field of some 60 bytes. Without it one that comes back, however late, could not
 * know what of its journal is in the sum, and would tell it again.
 */

/** Sums that nobody has told to for so long are forgotten. */
const KEPT_MS = 90 * 86_400_000

const SEEN = `
-- Of what replicas have told only the asker's: the others may be all that ever were.
local function seen(key, replica)
  local all, answer = redis.call('HGETALL', key), {}
  for k = 1, #all, 2 do
    if string.sub(all[k], 1, 5) ~= 'told:' or all[k] == 'told:' .. replica then
      answer[#answer + 1] = all[k]
      answer[#answer + 1] = all[k + 1]
    end
  end
  return answer
end
`

/** ARGV: replica. Answers, as all of them do, with the hash as that replica sees it. */
export const READ = `
${SEEN}
return seen(KEYS[1], ARGV[1])
`

/** ARGV: replica, sequence, told, lineage, share kept at a change, then name and delta of each part. */
export const ADD = `
${SEEN}
local key, replica, kept = KEYS[1], ARGV[1], tonumber(ARGV[5])

-- Doubles are read and written so many at a time: the interpreter's stack is small.
local MANY = 64
local FORMAT = '<' .. string.rep('d', MANY)
-- Doubles before the figures.
local HEADER = 5

local function decode(bytes)
  local doubles, at, count = {}, 1, #bytes / 8
  while count - #doubles >= MANY do
    local some = { struct.unpack(FORMAT, bytes, at) }
    for k = 1, MANY do doubles[#doubles + 1] = some[k] end
    at = at + 8 * MANY
  end
  while #doubles < count do
    doubles[#doubles + 1] = struct.unpack('<d', bytes, at)
    at = at + 8
  end
  return {
    half_life = doubles[1], at = doubles[2], changes = doubles[3], first = doubles[4], most = doubles[5],
    figures = doubles,
  }
end

local function encode(part)
  local pieces = { struct.pack('<ddddd', part.half_life, part.at, part.changes, part.first, part.most) }
  local from = HEADER + 1
  while #part.figures - from + 1 >= MANY do
    pieces[#pieces + 1] = struct.pack(FORMAT, unpack(part.figures, from, from + MANY - 1))
    from = from + MANY
  end
  for k = from, #part.figures do pieces[#pieces + 1] = struct.pack('<d', part.figures[k]) end
  return table.concat(pieces)
end

local function add(a, b)
  local sum = {
    half_life = b.half_life,
    at = math.max(a.at, b.at),
    changes = math.max(a.changes, b.changes),
    most = b.most,
    figures = { 0, 0, 0, 0, 0 },
  }
  -- Places of figures are counted from the header, as they stand in the array.
  local last = math.max(a.first + #a.figures, b.first + #b.figures)
  sum.first = math.max(math.min(a.first, b.first), last - HEADER - sum.most)
  for k = HEADER + 1, last - sum.first do sum.figures[k] = 0 end
  for _, part in ipairs({ a, b }) do
    local share = 2 ^ ((part.at - sum.at) / sum.half_life) * kept ^ (sum.changes - part.changes)
    local offset = part.first - sum.first
    for k = math.max(HEADER + 1, HEADER + 1 - offset), #part.figures do
      sum.figures[k + offset] = sum.figures[k + offset] + share * part.figures[k]
    end
  end
  return sum
end

-- What cannot be read is left as it is: whoever reads it then begins the sum anew.
local function is_legal(bytes)
  return #bytes >= 8 * HEADER and #bytes % 8 == 0 and struct.unpack('<d', bytes) > 0
end

local told = redis.call('HGET', key, 'told:' .. replica) or '0'
local same = redis.call('HGET', key, 'lineage') == ARGV[4]
if same and tonumber(told) == tonumber(ARGV[3]) and tonumber(ARGV[2]) > tonumber(told) then
  for k = 6, #ARGV, 2 do
    local field = 'part:' .. ARGV[k]
    local stored = redis.call('HGET', key, field)
    local delta = ARGV[k + 1]
    if stored and not is_legal(stored) then return seen(key, replica) end
    if stored then delta = encode(add(decode(stored), decode(delta))) end
    redis.call('HSET', key, field, delta)
  end
  redis.call('HSET', key, 'told:' .. replica, ARGV[2])
end
if same then redis.call('PEXPIRE', key, ${KEPT_MS}) end
return seen(key, replica)
`

/** ARGV: replica, sequence, the lineage instead of which (empty: none), lineage, then name and sum of each part. */
export const SEED = `
${SEEN}
local key = KEYS[1]
if (redis.call('HGET', key, 'lineage') or '') == ARGV[3] then
  redis.call('DEL', key)
  redis.call('HSET', key, 'lineage', ARGV[4], 'told:' .. ARGV[1], ARGV[2])
  for k = 5, #ARGV, 2 do redis.call('HSET', key, 'part:' .. ARGV[k], ARGV[k + 1]) end
  redis.call('PEXPIRE', key, ${KEPT_MS})
end
return seen(key, ARGV[1])
`
