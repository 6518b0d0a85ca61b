/** Bad arguments become errors that name the argument, what was found and what is allowed. */
import { checkNumber } from '../argument-types.ts'

export function checkFinite(name: string, found: number, min: number, max = Number.MAX_VALUE): void {
  checkNumber(name, found)
  if (found >= min && found <= max) return
  const upper = max === Number.MAX_VALUE ? '' : ` and at most ${max}`
  throw new RangeError(`${name} must be a finite number of at least ${min}${upper}, found ${found}`)
}

export function checkInteger(name: string, found: number, min: number, max: number): void {
  checkNumber(name, found)
  if (Number.isInteger(found) && found >= min && found <= max) return
  throw new RangeError(`${name} must be an integer from ${min} to ${max}, found ${found}`)
}

export function checkWord(name: string, found: number): void {
  checkInteger(name, found, 0, 0xffffffff)
}

export function checkLength(name: string, found: number, expected: number): void {
  if (found !== expected) throw new RangeError(`${name} must have length ${expected}, found ${found}`)
}

export function checkHalfLife(name: string, found: number): void {
  checkNumber(name, found)
  if (found >= 1) return
  throw new RangeError(`${name} must be at least 1 or Infinity, found ${found}`)
}
