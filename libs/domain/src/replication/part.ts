/**
 * What replicas have in common: sums of evidence that fades by time, so that what each has seen adds up in any order.
 *
 * Parts with `add` are a commutative monoid, up to rounding: both sides are brought to the later of their times, and to the
 * greater number of changes, before their figures are added.
 */

import { KEPT_AT_CHANGE } from '@atp/native'

export { KEPT_AT_CHANGE }

export interface Part {
  /** Milliseconds after which evidence counts half; Infinity never forgets. */
  readonly halfLifeMs: number
  /** Milliseconds since 1970: figures weigh evidence as of this time. */
  readonly at: number
  /** Changes of the arm that the figures take into account: evidence of before each has been scaled down. */
  readonly changes: number
  /** Index of `figures[0]`: what lies outside is 0. */
  readonly first: number
  /** Figures that are kept, the last ones: those before have left the window; Infinity where there is none. */
  readonly most: number
  readonly figures: Float64Array
}

/** The parts of one key, by name. */
export type Parts = ReadonlyMap<string, Part>

export const NOTHING: Parts = new Map()

export function add(a: Parts, b: Parts): Parts {
  return byName(a, b, 1)
}

/** What `a` has beyond `b`: `add(b, subtract(a, b))` is `a` again, where `a` is not older than `b`. */
export function subtract(a: Parts, b: Parts): Parts {
  return byName(a, b, -1)
}

/** Whether it would change anything that it is added to. */
export function isNothing(parts: Parts): boolean {
  return [...parts.values()].every(({ figures }) => figures.every(figure => figure === 0))
}

function byName(a: Parts, b: Parts, sign: 1 | -1): Parts {
  const sums = new Map(a)
  for (const [name, part] of b) {
    const other = a.get(name) ?? { ...part, first: part.first, figures: new Float64Array(0) }
    sums.set(name, combine(other, part, sign))
  }
  return sums
}

function combine(a: Part, b: Part, sign: 1 | -1): Part {
  const { halfLifeMs, most } = a
  const at = Math.max(a.at, b.at)
  const changes = Math.max(a.changes, b.changes)
  const end = Math.max(a.first + a.figures.length, b.first + b.figures.length)
  const first = Math.max(Math.min(a.first, b.first), end - most)
  const figures = new Float64Array(end - first)
  for (const [part, factor] of [
    [a, 1],
    [b, sign],
  ] as const) {
    const kept = factor * 2 ** ((part.at - at) / halfLifeMs) * KEPT_AT_CHANGE ** (changes - part.changes)
    for (let k = Math.max(first - part.first, 0); k < part.figures.length; k += 1) {
      const index = part.first - first + k
      figures[index] = (figures[index] as number) + kept * (part.figures[k] as number)
    }
  }
  return { halfLifeMs, at, changes, first, most, figures }
}
