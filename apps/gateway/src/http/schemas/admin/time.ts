/** Moments on the wire: RFC 3339 in, UTC out. */
import { epochMs } from '@atp/core/units'
import { Type } from 'typebox'

export const Time = Type.String({
  format: 'date-time',
  description: 'RFC 3339, in UTC or with an offset.',
  examples: ['2027-01-31T00:00:00Z'],
})
export const TimeOrNull = Type.Union([Time, Type.Null()])

/** @param text that its schema has found to be a time */
export function momentOf(text: string | undefined) {
  return text === undefined ? null : epochMs(Date.parse(text))
}

export function timeOf(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString()
}
