/** When an upstream wants to be asked again (RFC 9110, section 10.2.3), and OpenAI's finer `retry-after-ms`. */
import type { Clock } from '@atp/core/clock'
import { type Milliseconds, milliseconds } from '@atp/core/units'

type Headers = Readonly<Record<string, string | string[] | undefined>>

/** @returns undefined where no header says so, or none that makes sense */
export function retryAfterOf(headers: Headers, clock: Clock): Milliseconds | undefined {
  const fine = headers['retry-after-ms']
  if (typeof fine === 'string' && DECIMAL.test(fine)) return milliseconds(Math.ceil(Number(fine)))
  const coarse = headers['retry-after']
  if (typeof coarse !== 'string') return undefined
  if (DECIMAL.test(coarse)) return milliseconds(Math.ceil(Number(coarse) * 1000))
  const date = HTTP_DATE.test(coarse) ? Date.parse(coarse) : Number.NaN
  return Number.isNaN(date) ? undefined : milliseconds(Math.max(0, date - clock.now()))
}

const DECIMAL = /^\d{1,12}(\.\d+)?$/
/** Begins with a weekday; `Date.parse` alone takes `-1` for a date. */
const HTTP_DATE = /^[A-Z][a-z]{2,8}[, ]/
