/** What was known at an earlier moment, brought forward by the journal: for what was told after the last snapshot. */
import { learnFrom, type Warn } from '../observation/learning.ts'
import type { Learner, ObservationRepository } from '../observation/ports.ts'
import type { Parts } from './part.ts'
import type { Sharer } from './replica-exchange.ts'

export interface RelearnOptions {
  /** Makes one that knows the same arms, and nothing of them. */
  readonly learner: () => Learner & Sharer
  readonly observations: Pick<ObservationRepository, 'after'>
  readonly warn: Warn
}

const PAGE = 1_000

/** @returns what is known of the key by `base`, of observations up to `from`, and by those after it up to `through` */
export async function relearn(
  { learner, observations, warn }: RelearnOptions,
  key: string,
  base: Parts,
  from: number,
  through: number,
): Promise<Parts> {
  const scratch = learner()
  scratch.adopt(key, base)
  let sequence = from
  while (sequence < through) {
    const page = await observations.after(sequence, PAGE)
    for (const { observation, context } of page.filter(stored => stored.sequence <= through)) {
      learnFrom(scratch, observation, context, warn)
    }
    sequence = page.at(-1)?.sequence ?? through
  }
  return scratch.partsOf(key)
}
