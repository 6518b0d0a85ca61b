/** Reads what stands behind an option, or says what is wanted there. */
import { DURATION_PATTERN } from '@atp/core/config'
import type { TargetRule } from '@atp/domain/replay'
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

const DURATION = new RegExp(DURATION_PATTERN)

export function duration(text: string): string {
  if (DURATION.test(text)) return text
  throw new InvalidArgumentError('a duration is wanted: a whole number and ms, s, m, h or d.')
}

const RULES = ['recorded', 'shadow', 'thompson', 'greedy', 'random'] as const

/** For an option that may be given several times. */
export function policies(text: string, before: readonly TargetRule[]): TargetRule[] {
  const always = /^always:(.+)$/.exec(text)?.[1]
  const rule = always === undefined ? RULES.find(name => name === text) : { always }
  if (rule === undefined)
    throw new InvalidArgumentError(`one of ${RULES.join(', ')}, always:<model> is wanted.`)
  return [...before, rule]
}
