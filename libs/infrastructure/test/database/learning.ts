/** What a gateway learns with, over a store of contexts. */
import { systemClock } from '@atp/core/clock'
import type { ContextRepository } from '@atp/domain/observation'
import { type Arm, LearnedState } from '@atp/domain/routing'
import { typescriptNative } from '@atp/native'

export function learnedOver(repository: ContextRepository): LearnedState {
  const learned = new LearnedState({
    native: typescriptNative,
    halfLifeMs: Number.POSITIVE_INFINITY,
    reliabilityHalfLifeMs: 60_000,
    ucbExploration: 1,
    contexts: { repository, capacity: 2, clock: systemClock, warn: message => console.error(message) },
  })
  learned.of({
    id: 'openai/gpt',
    qualityPrior: { mean: 0.5, strength: 2 },
    expectedOutputTokens: 100,
    expectedLatencyMs: 1_000,
  } as Arm)
  return learned
}
