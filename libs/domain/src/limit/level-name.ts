/**
 * Under which name a limit's count is stored: kind, measure and window stand before the id, so that a limit whose window is
 * changed begins anew instead of being misread, while one whose amount is changed goes on.
 */
import type { Limit } from './limit.ts'

/** Such as `sr60000000:key/7/rpm`. What is stored in Redis is read by the first two letters and the digits. */
export function levelName(limit: Limit): string {
  switch (limit.kind) {
    case 'sliding':
      return `s${limit.counts.charAt(0)}${limit.windowUs}:${limit.id}`
    case 'bucket':
      return `b${limit.counts.charAt(0)}${limit.windowUs}:${limit.id}`
    case 'calendar':
      return `d${limit.counts.charAt(0)}${limit.period}:${limit.id}`
    case 'concurrent':
      return `nn:${limit.id}`
  }
}
