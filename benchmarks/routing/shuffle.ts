/** Rows and arms in a random order that a seed repeats: no policy can know an arm by its place. */
import { typescriptNative } from '@atp/native'
import type { Row } from './data.ts'

/** A generator of the field's plainest kind (mulberry32): it shuffles, and decides nothing. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** In [0, 1). */
  uniform(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let bits = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32
  }

  permutation(length: number): number[] {
    const order = Array.from({ length }, (_, index) => index)
    for (let last = length - 1; last > 0; last -= 1) {
      const other = Math.floor(this.uniform() * (last + 1))
      const kept = order[last] as number
      order[last] = order[other] as number
      order[other] = kept
    }
    return order
  }
}

export interface Shuffle {
  readonly seed: number
  /** Rows in their order, arms permuted. */
  readonly rows: readonly Row[]
  /** Of each permuted arm, which of the recorded ones it is. */
  readonly recorded: readonly number[]
  /** Of each permuted arm, a name that says nothing. */
  readonly hashes: readonly number[]
}

/** The same with one arm in the last place: it may come later than the others. */
export function withLast(shuffled: Shuffle, arm: number): Shuffle {
  const order = [...shuffled.recorded.keys()].filter(other => other !== arm).concat(arm)
  return {
    ...shuffled,
    recorded: order.map(place => shuffled.recorded[place] as number),
    rows: shuffled.rows.map(row => ({
      ...row,
      rewards: order.map(place => row.rewards[place] as number),
      costs: order.map(place => row.costs[place] as number),
    })),
  }
}

export function shuffle(rows: readonly Row[], arms: number, seed: number): Shuffle {
  const random = new Random(seed)
  const recorded = random.permutation(arms)
  const ordered = random.permutation(rows.length).map(index => rows[index] as Row)
  return {
    seed,
    recorded,
    rows: ordered.map(({ prompt, features, rewards, costs }) => ({
      prompt,
      features,
      rewards: recorded.map(arm => rewards[arm] as number),
      costs: recorded.map(arm => costs[arm] as number),
    })),
    hashes: recorded.map((_, arm) => typescriptNative.hash64(`${seed}/${arm}`)[1]),
  }
}
