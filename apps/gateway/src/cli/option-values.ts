/** Reads what stands behind an option, or says what is wanted there. */
import { PRESETS, type Preset } from '@atp/domain/routing'
import { InvalidArgumentError } from 'commander'

export function wholeNumber(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  throw new InvalidArgumentError('a whole number above 0 is wanted.')
}

export function preset(text: string): Preset {
  const found = PRESETS.find(name => name === text)
  if (found !== undefined) return found
  throw new InvalidArgumentError(`one of ${PRESETS.join(', ')} is wanted.`)
}
