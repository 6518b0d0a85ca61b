/** What Redis holds of a tenant's money at one moment, read past the limiter. */
import type { Redis } from 'ioredis'

export interface Books {
  readonly counted: number
  readonly reserved: number
  /** The estimates of all live leases, added up from the leases themselves. */
  readonly live: number
}

const READ = `
local counted, reserved, live = 0, 0, 0
local fields = redis.call('HGETALL', KEYS[1])
for k = 1, #fields, 2 do
  if fields[k] == ARGV[1] then
    local _, c, r = struct.unpack('<ddd', fields[k + 1])
    counted, reserved = c, r
  elseif string.sub(fields[k], 1, 2) == 'l:' then
    local lease = cmsgpack.unpack(fields[k + 1])
    if lease[1] == 1 then live = live + lease[5] end
  end
end
return { counted, reserved, live }
`

/** @param level the stored name of a calendar limit */
export async function booksOf(redis: Redis, tenant: string, level: string): Promise<Books> {
  const [counted, reserved, live] = (await redis.eval(READ, 1, `atp:limits:1:{${tenant}}`, level)) as number[]
  return { counted, reserved, live } as Books
}
