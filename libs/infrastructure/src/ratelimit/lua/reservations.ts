/** What becomes of reservations, and of a tenant whose counters were lost. */

/** ARGV: reservation, tokens, cost. Answers with doubles: 0 unknown, 1 settled, 2 corrected; latest write. */
export const SETTLE = `
local field = 'l:' .. ARGV[1]
local stored = call('HMGET', H, 'h', field)
begin(stored[1])
if not stored[2] then return pack('<dd', 0, latest) end
local lease = cmsgpack.unpack(stored[2])
local alive = lease[1] == LIVE
tell(lease, alive, tonumber(ARGV[2]), tonumber(ARGV[3]))
call('HDEL', H, field)
call('ZREM', Z, ARGV[1])
kept, latest = kept - 1, now
if alive then live = live - 1 end
if kept == 0 then due = math.huge end
call('HSET', H, 'h', life())
return pack('<dd', alive and lease[3] > now and 1 or 2, latest)
`

/** ARGV: reservation, lease, late time. Answers with whether it lives. */
export const RENEW = `
local field = 'l:' .. ARGV[1]
local stored = call('HMGET', H, 'h', field)
begin(stored[1])
local lease = stored[2] and cmsgpack.unpack(stored[2])
if not lease or lease[1] ~= 1 or lease[3] <= now then return 0 end
lease[3] = now + tonumber(ARGV[2])
call('ZADD', Z, lease[3], ARGV[1])
if lease[3] < due then due = lease[3] end
local longer_ms = keep(tonumber(ARGV[2]) + tonumber(ARGV[3]))
call('HSET', H, field, cmsgpack.pack(lease), 'h', life())
if longer_ms then
  call('PEXPIRE', H, longer_ms)
  call('PEXPIRE', Z, longer_ms)
end
return 1
`

/** ARGV: leases swept at most, late time, leases in flight at most. Answers with the ids that were settled at their estimates. */
export const SWEEP = `
begin(call('HGET', H, 'h'))
if due > now then return {} end
return sweep(tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]))
`

/** Takes the epoch away, and expired leases: an estimate that is in no sum must not be taken off it. Answers with whether there was one. */
export const INVALIDATE = `
local stored = call('HGET', H, 'h')
if not stored then return 0 end
begin(stored)
if epoch <= 0 then return 0 end
epoch = 0
if kept > live then
  for _, id in ipairs(call('ZRANGE', Z, 0, -1)) do
    local field = 'l:' .. id
    local lease = call('HGET', H, field)
    if lease and cmsgpack.unpack(lease)[1] == PROVISIONAL then
      call('HDEL', H, field)
      call('ZREM', Z, id)
      kept = kept - 1
    end
  end
end
call('HSET', H, 'h', life())
return 1
`

/**
 * ARGV: the new epoch (0: only drops what was rolled back), the latest write that the caller knows of; for each counter its level's name, what is settled, four instants.
 * Counters that were rolled back are dropped with all that was reserved: what they say is older than what was told.
 */
export const REBUILD = `
begin(call('HGET', H, 'h'))
if epoch > 0 then return 0 end
local known = tonumber(ARGV[2])
if epoch == -1 then
  call('DEL', H, Z)
  local before = latest
  begin(nil)
  latest = before
end
if known > latest then latest = known end
if clock > latest then latest = clock end
now, epoch = latest, tonumber(ARGV[1])
local need, writes = 0, {}
for i = 3, #ARGV, 6 do
  local start, ending = period(i + 2)
  if not start then return redis.error_reply('ATPCLOCK the clocks of caller and server are a calendar period apart') end
  local text = call('HGET', H, ARGV[i])
  local held, counted, reserved, held_before, counted_before, reserved_before = 0, 0, 0, 0, 0, 0
  if text then held, counted, reserved, held_before, counted_before, reserved_before = read('<dddddd', text) end
  if start > held then
    held_before, counted_before, reserved_before = held, counted, reserved
    held, reserved = start, 0
  end
  writes[#writes + 1] = ARGV[i]
  writes[#writes + 1] = pack('<dddddd', held, tonumber(ARGV[i + 1]) + reserved, reserved, held_before, counted_before, reserved_before)
  if ending - now > need then need = ending - now end
end
local longer_ms = keep(need)
-- There may be thousands, and the interpreter's stack is small. Without the head, which is written last, none of them counts.
for i = 1, #writes, 128 do call('HSET', H, unpack(writes, i, math.min(i + 127, #writes))) end
call('HSET', H, 'h', life() .. UNPACKED)
if longer_ms then
  call('PEXPIRE', H, longer_ms)
  call('PEXPIRE', Z, longer_ms)
end
return 1
`
