/** From US dollars per token to dollars per million tokens, by moving the decimal point: no dust of multiplication. */

export interface PerToken {
  /** `needed`: there, and above 0. `any`: 0 or more, or not there. */
  readonly rule: 'needed' | 'any'
}

/** @returns undefined where there may be none and is none; what is allowed where it is no price */
export function perToken(value: unknown, rule: PerToken['rule']): number | undefined | { allowed: string } {
  if (value === undefined || value === null) {
    return rule === 'any' ? undefined : { allowed: 'a price in US dollars per token' }
  }
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0 || value > 1) {
    return { allowed: 'US dollars per token, a number from 0 to 1' }
  }
  if (value === 0)
    return rule === 'any' ? 0 : { allowed: 'a price above 0: what is free is said in the configuration' }
  const shifted = shiftedByMillion(value)
  const exact = Math.round(shifted * MICRO) / MICRO
  // As dated prices: whole micro-dollars per million tokens. What is nearer than a billionth is dust of the source's.
  return Math.abs(exact - shifted) <= DUST && exact > 0
    ? exact
    : { allowed: 'up to six decimals of US dollars per million tokens' }
}

const MICRO = 1_000_000
const DUST = 1e-9

function shiftedByMillion(value: number): number {
  const [digits, exponent = '0'] = String(value).split('e')
  return Number(`${digits}e${Number(exponent) + 6}`)
}
