/**
 * The cheapest case of an admission: windows of requests alone, none of them new or full. Shorter than `ADMIT_AT_ONCE` by what leases and
 * other kinds cost it, a tenth of the whole. Answers with doubles: the time, then for each level what it counts and microseconds until
 * it is empty. Whatever else is the case is left to the rest.
 */
export const WINDOWS_AT_ONCE = `
if ARGV[10] == 'windows' then
  local H, want, n, clock = KEYS[1], ARGV[2] + 0, ARGV[11] + 0, $CLOCK
  local floor, pack, read = math.floor, struct.pack, struct.unpack
  local stored = redis.call('HMGET', H, 'h', unpack(ARGV, 13, 12 + n))
  if stored[1] then
    local latest, expiry, live, kept, due, epoch = read('<dddddd', stored[1])
    local now = latest > clock and latest or clock
    local simple = due > now and now + ARGV[6] <= expiry
    local writes, answer, at, last = { 'h', 0, 0, 0, 0, 0, 0, 0 }, { now, 0, 0, 0, 0, 0, 0 }, 13 + n, 2
    for k = 1, n do
      local name, text = ARGV[12 + k], stored[k + 1]
      if not (simple and text) then simple = false break end
      local sum, oldest, current, count, reserved = read('<ddddd', text)
      local width = ARGV[at + 2]
      local left, ends = now - ARGV[at + 1], (current + 1) * width
      if now >= ends or (oldest + 1) * width - 1 <= left then
        local bucket, first = floor(now / width), left < 0 and 0 or floor((left + 1) / width)
        if current < first then
          sum, count, oldest, current = 0, 0, bucket, bucket
        end
        while oldest < first do
          local gone, following = read('<dd', redis.call('HGET', H, name .. '#' .. oldest % 65))
          sum, oldest = sum - gone, following
        end
        if bucket > current then
          if oldest == current and count == 0 then
            oldest = bucket
          else
            writes[last + 1], writes[last + 2] = name .. '#' .. current % 65, pack('<dd', count, bucket)
            last = last + 2
          end
          current, count = bucket, 0
        end
        ends = (current + 1) * width
      end
      if want > ARGV[at] - sum then simple = false break end
      sum = sum + want
      writes[last + 1], writes[last + 2] = name, pack('<ddddd', sum, oldest, current, count + want, reserved)
      answer[2 * k], answer[2 * k + 1] = sum, sum == 0 and 0 or ends - 1 - left
      at, last = at + 3, last + 2
    end
    if simple then
      writes[2] = pack('<dddddd', now, expiry, live, kept, due, epoch)
      redis.call('HSET', H, unpack(writes, 1, last))
      return pack('<d' .. string.rep('dd', n), unpack(answer, 1, 1 + 2 * n))
    end
  end
end
`
