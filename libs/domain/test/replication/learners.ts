/** Learners that decide and learn against arms of known worth, apart or together, in simulated time. */
import { ManualClock } from '@atp/core/clock'
import { loadNative } from '@atp/native'
import { NO_CONTEXT, type Observation } from '../../src/observation/index.ts'
import { InProcessSums, ReplicaExchange, type SharedSums } from '../../src/replication/index.ts'
import { LearnedState } from '../../src/routing/index.ts'
import { armOf } from '../routing/catalogue.ts'
import { MemoryContexts } from '../routing/memory-contexts.ts'
import { observationOf } from '../routing/observations.ts'

const native = loadNative()

/** Uniform in [0, 1): the same for the same words, whoever asks and when. */
export function chance(...words: readonly (number | string)[]): number {
  return native.hash64(words.join('\n'))[0] / 2 ** 32
}

export class Learner {
  readonly state = new LearnedState({
    native,
    halfLifeMs: Number.POSITIVE_INFINITY,
    reliabilityHalfLifeMs: 60_000,
    ucbExploration: 1,
    contexts: { repository: new MemoryContexts(), capacity: 1, clock: new ManualClock(), warn: () => {} },
  })
  readonly #ids: readonly string[]
  readonly #weights: Float64Array
  readonly #penalties: Float64Array
  readonly #qualities: Float64Array
  readonly #exchange: ReplicaExchange
  #applied = 0

  constructor(name: string, models: readonly string[], sums: SharedSums = new InProcessSums()) {
    const arms = models.map(model => armOf(model, { qualityPrior: { mean: 0.5, strength: 2 } }))
    for (const arm of arms) this.state.of(arm)
    this.#ids = arms.map(({ id }) => id)
    this.#weights = new Float64Array(arms.length).fill(1)
    this.#penalties = new Float64Array(arms.length)
    this.#qualities = new Float64Array(arms.length)
    let names = 0
    this.#exchange = new ReplicaExchange({
      sums,
      sharer: this.state,
      replica: name,
      sequence: () => this.#applied,
      newName: () => `${name}/${names++}`,
      begin: { parts: new Map(), sequence: 0 },
      relearn: async (_key, base) => base,
    })
  }

  choose(seed: number, now: number): number {
    return this.state.bandit.select('thompson', seed, 0, now, this.#weights, this.#penalties, this.#qualities)
  }

  learn(arm: number, figures: Parameters<typeof observationOf>[1], features: string | null = null): void {
    const observation: Observation = observationOf(this.#ids[arm] as string, figures)
    this.state.apply(observation, { ...NO_CONTEXT, features })
    this.#applied += 1
  }

  exchange(): Promise<void> {
    return this.#exchange.exchange()
  }
}
