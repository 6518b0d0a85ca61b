/**
 * Moves a stored sliding window (`text`, of the limit `name`) on to `now`, and collects in `writes`, from `last` on, the sub-bucket that is
 * closed. Part of a loop over levels, not a function, of which a script makes each anew at every call: it leaves `sum`, `oldest`, `current`,
 * `count` and `reserved` as they are now, `left`, the last moment that is outside, and `ends`, the first after the current sub-bucket.
 */
export const WINDOW_AT_ONCE = `
local sum, oldest, current, count, reserved = read('<ddddd', text)
local width = ARGV[at + 2]
local left, ends = now - ARGV[at + 1], (current + 1) * width
if now >= ends or (oldest + 1) * width - 1 <= left then
  local bucket, first = floor(now / width), left < 0 and 0 or floor((left + 1) / width)
  if current < first then
    sum, count, oldest, current = 0, 0, bucket, bucket
  end
  while oldest < first do
    local gone, following = read('<dd', call('HGET', H, name .. '#' .. oldest % 65))
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
`
