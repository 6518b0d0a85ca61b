/**
 * The usual case of an admission: sliding windows, calendars and leases, all of them stored, none full, nothing due, no
 * period begun. The same as `ADMIT` would do, but without a function or a table a level, of which a script makes each anew at every
 * call. Whatever else is the case is left to the rest. Arguments and answer are those of `ADMIT`.
 */
import { WINDOW_AT_ONCE } from './window-at-once.ts'

export const ADMIT_AT_ONCE = `
if ARGV[6] ~= '0' and ARGV[10] ~= 'windows' then
  local H, call, floor, byte, pack, read = KEYS[1], redis.call, math.floor, string.byte, struct.pack, struct.unpack
  local n, leased, clock = ARGV[11] + 0, ARGV[10] == 'leased', $CLOCK
  local field, before, stored = nil, 1, nil
  if leased then
    field, before = 'l:' .. ARGV[1], 2
    stored = call('HMGET', H, 'h', field, unpack(ARGV, 13, 12 + n))
  else
    stored = call('HMGET', H, 'h', unpack(ARGV, 13, 12 + n))
  end
  if stored[1] and not (leased and stored[2]) then
    local latest, expiry, live, kept, due, epoch = read('<dddddd', stored[1])
    local now, known = latest > clock and latest or clock, ARGV[5] + 0
    local simple = due > now and now + ARGV[6] <= expiry and (known < 0 or (epoch > 0 and latest >= known)) and
      not (leased and live >= ARGV[9] + 0)
    local requests, tokens, cost = ARGV[2] + 0, ARGV[3] + 0, ARGV[4] + 0
    local lease = leased and { 1, now, now + ARGV[7], tokens, cost }
    local answer, at, last = { 1, now, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 13 + n, leased and 4 or 2
    local writes = { 'h', 0, 0, 0, 0, 0, 0, 0, 0, 0 }
    for k = 1, n do
      local name, text = ARGV[12 + k], stored[k + before]
      if not (simple and text) then simple = false break end
      local kind, measure = byte(name, 1, 2)
      local want, reserve = requests, 0
      if measure ~= 114 then
        want = measure == 116 and tokens or measure == 99 and cost or 1
        reserve = want
        lease[#lease + 1] = name
      end
      local counted, held, reset
      if kind == 115 then
${WINDOW_AT_ONCE}        if want > ARGV[at] - sum then simple = false break end
        held = reserved < sum and reserved or sum
        counted = sum + want
        reset = counted == 0 and 0 or ends - 1 - left
        writes[last + 2] = pack('<ddddd', counted, oldest, current, count + want, reserved + reserve)
        at = at + 3
      elseif kind == 100 then
        local start, ending = ARGV[at + 2] + 0, ARGV[at + 3] + 0
        local begun, sum, reserved, begun_before, sum_before, reserved_before = read('<dddddd', text)
        simple = now >= start and now < ending and ending <= expiry and begun == start and want <= ARGV[at] - sum
        if not simple then break end
        held = reserved < sum and reserved or sum
        counted, reset = sum + want, ending - now
        writes[last + 2] = pack('<dddddd', begun, counted, reserved + reserve, begun_before, sum_before, reserved_before)
        at = at + 5
      elseif kind == 110 then
        held = read('<d', text)
        if want > ARGV[at] - held then simple = false break end
        counted, reset = held + 1, -1
        writes[last + 2] = pack('<d', counted)
        at = at + 1
      else
        simple = false
        break
      end
      held = held + reserve
      local out = 1 + 4 * k
      answer[out], answer[out + 1], answer[out + 2], answer[out + 3] = counted, held < counted and held or counted, reset, 0
      writes[last + 1] = name
      last = last + 2
    end
    if simple then
      if leased then
        call('ZADD', KEYS[2], lease[3], ARGV[1])
        if kept == 0 then call('PEXPIRE', KEYS[2], math.ceil((expiry - now) / 1000)) end
        if lease[3] < due then due = lease[3] end
        live, kept = live + 1, kept + 1
        writes[3], writes[4] = field, cmsgpack.pack(lease)
      end
      writes[2] = pack('<dddddd', now, expiry, live, kept, due, epoch)
      call('HSET', H, unpack(writes, 1, last))
      return pack('<dddd' .. string.rep('dddd', n), unpack(answer, 1, 4 + 4 * n))
    end
  end
end
`
