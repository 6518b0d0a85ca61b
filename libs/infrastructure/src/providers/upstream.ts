/** One upstream account: what all of its calls share. */
import type { Clock } from '@atp/core/clock'
import type { Pool } from 'undici'
import type { TimeLimits } from './deadlines.ts'

export interface Upstream {
  /** For messages; never a URL or a key. */
  readonly name: string
  readonly pool: Pool
  /** Of the endpoint, from the origin on. */
  readonly path: string
  readonly limits: TimeLimits
  readonly clock: Clock
  /** Hides the key, should an upstream repeat it. */
  readonly redact: (body: Buffer) => Buffer
}
