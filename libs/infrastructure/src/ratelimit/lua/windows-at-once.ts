/**
 * The cheapest case of an admission: windows of requests alone, none of them new or full. Shorter than `ADMIT_AT_ONCE` by what leases and
 * other kinds cost it, a tenth of the whole. Answers with doubles: the time, then for each level what it counts and microseconds until
 * it is empty. Whatever else is the case is left to the rest.
 */
import { WINDOW_AT_ONCE } from './window-at-once.ts'

export const WINDOWS_AT_ONCE = `
if ARGV[10] == 'windows' then
  local H, want, n, clock = KEYS[1], ARGV[2] + 0, ARGV[11] + 0, $CLOCK
  local call, floor, pack, read = redis.call, math.floor, struct.pack, struct.unpack
  local stored = call('HMGET', H, 'h', unpack(ARGV, 13, 12 + n))
  if stored[1] then
    local latest, expiry, live, kept, due, epoch = read('<dddddd', stored[1])
    local now = latest > clock and latest or clock
    local simple = due > now and now + ARGV[6] <= expiry
    local writes, answer, at, last = { 'h', 0, 0, 0, 0, 0, 0, 0 }, { now, 0, 0, 0, 0, 0, 0 }, 13 + n, 2
    for k = 1, n do
      local name, text = ARGV[12 + k], stored[k + 1]
      if not (simple and text) then simple = false break end
${WINDOW_AT_ONCE}      if want > ARGV[at] - sum then simple = false break end
      sum = sum + want
      writes[last + 1], writes[last + 2] = name, pack('<ddddd', sum, oldest, current, count + want, reserved)
      answer[2 * k], answer[2 * k + 1] = sum, sum == 0 and 0 or ends - 1 - left
      at, last = at + 3, last + 2
    end
    if simple then
      writes[2] = pack('<dddddd', now, expiry, live, kept, due, epoch)
      call('HSET', H, unpack(writes, 1, last))
      return pack('<d' .. string.rep('dd', n), unpack(answer, 1, 1 + 2 * n))
    end
  end
end
`
