/** What is learned, as it is configured. */
import { parseDuration } from '@atp/core/config'
import type { Resolve } from '@atp/core/container'
import type { ContextRepository } from '@atp/domain/observation'
import { EMBEDDED_PROMPT_FEATURES, LearnedState } from '@atp/domain/routing'
import * as T from './tokens.ts'

/** @param repository where contexts are kept */
export function learnedStateOf(resolve: Resolve, repository: ContextRepository): LearnedState {
  const { half_life, window, reliability_half_life, ucb_exploration, embedding, contexts } = resolve(
    T.CONFIG,
  ).routing
  const learned = new LearnedState({
    native: resolve(T.NATIVE),
    halfLifeMs: half_life === 'never' ? Number.POSITIVE_INFINITY : parseDuration(half_life),
    windowMs: parseDuration(window),
    reliabilityHalfLifeMs: parseDuration(reliability_half_life),
    ucbExploration: ucb_exploration,
    ...(embedding.model === undefined ? {} : { dimension: EMBEDDED_PROMPT_FEATURES }),
    contexts: {
      repository,
      capacity: contexts,
      clock: resolve(T.CLOCK),
      warn: message => resolve(T.LOG).warn(message),
    },
  })
  // Before anything is replayed: what an unknown arm did is not learned from.
  for (const arm of resolve(T.REGISTRY).arms()) learned.of(arm)
  return learned
}

/** For a state that is thrown away. */
export const NO_CONTEXTS: ContextRepository = {
  loadContext: async () => null,
  saveContexts: async () => undefined,
  contextsAhead: async () => [],
}
