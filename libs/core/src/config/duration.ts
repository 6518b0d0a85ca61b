/** Durations as people write them in configuration: a whole number and a unit, `250ms`, `5s`, `10m`, `6h`, `7d`. */
import { AtpError } from '../errors.ts'
import { type Milliseconds, milliseconds } from '../units.ts'

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** Eight digits: in any unit an exact number of milliseconds. */
export const DURATION_PATTERN = '^(?:0|[1-9][0-9]{0,7})(?:ms|s|m|h|d)$'
export const POSITIVE_DURATION_PATTERN = '^[1-9][0-9]{0,7}(?:ms|s|m|h|d)$'

const DURATION = new RegExp(DURATION_PATTERN)

/** @throws AtpError `invalid_argument` where the text is no duration. */
export function parseDuration(text: string): Milliseconds {
  if (!DURATION.test(text)) {
    const detail = `${JSON.stringify(text)} is not a duration: a whole number and ms, s, m, h or d, such as 250ms`
    throw new AtpError('invalid_argument', { detail })
  }
  const unit = text.replace(/^[0-9]+/, '') as keyof typeof UNITS
  return milliseconds(Number.parseInt(text, 10) * UNITS[unit])
}
