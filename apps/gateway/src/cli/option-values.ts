/** Reads what stands behind an option, or says what is wanted there. */
import { DURATION_PATTERN } from '@atp/core/config'
import type { TargetRule } from '@atp/domain/replay'
import { PRESETS, type Preset } from '@atp/domain/routing'
import { KEY_SCOPES, type KeyScope } from '@atp/domain/tenant'
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

export function scope(text: string): KeyScope {
  const found = KEY_SCOPES.find(name => name === text)
  if (found !== undefined) return found
  throw new InvalidArgumentError(`one of ${KEY_SCOPES.join(', ')} is wanted.`)
}

/** US dollars, written out. */
export function dollars(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text)
  throw new InvalidArgumentError('US dollars are wanted, such as 0.25.')
}

export function list(text: string): string[] {
  return text
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '')
}

export function url(text: string): string {
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return text
  throw new InvalidArgumentError('an address is wanted, such as http://127.0.0.1:8080.')
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
