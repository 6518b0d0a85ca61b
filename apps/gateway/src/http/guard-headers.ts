/** That something was masked, and how often: `x-atp-guardrails: pii=2`. */
import type { Masked } from '../corridor/guard.ts'

export function guardHeaders(masked: Masked): Record<string, string> {
  if (masked.size === 0) return NONE
  return { 'x-atp-guardrails': Array.from(masked, ([name, count]) => `${name}=${count}`).join(', ') }
}

const NONE = {}
