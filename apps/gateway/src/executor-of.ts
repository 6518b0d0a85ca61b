/** The step that calls models, as the configuration wants it. */
import { parseDuration } from '@atp/core/config'
import type { Resolve } from '@atp/core/container'
import { Executor } from './corridor/execute.ts'
import { Hedging } from './corridor/hedge.ts'
import { Retries } from './corridor/retries.ts'
import type { Settler } from './corridor/settle.ts'
import * as T from './tokens.ts'

export function executorOf(resolve: Resolve, settler: Settler): Executor {
  const { max_attempts, retry_budget, same_model, hedge } = resolve(T.CONFIG).upstream
  const clock = resolve(T.CLOCK)
  const timers = resolve(T.TIMERS)
  const metrics = resolve(T.METRICS)
  const registry = resolve(T.REGISTRY)
  const admitter = resolve(T.ADMITTER)
  const retries = new Retries({
    ratio: retry_budget.ratio,
    minPerSecond: retry_budget.min_per_second,
    maxWaitMs: parseDuration(same_model.max_wait),
    backoffMs: parseDuration(same_model.backoff),
    hedgeShare: hedge.enabled ? hedge.max_share : null,
    clock,
    timers,
    random: resolve(T.RANDOM),
    metrics,
  })
  const steps = { registry, admitter, retries, settler, clock }
  const hedging = new Hedging({
    ...steps,
    timers,
    metrics,
    leastMs: parseDuration(hedge.after_at_least),
    fewestAnswers: hedge.min_answers,
    wholeAnswers: hedge.whole_answers,
  })
  return new Executor({ ...steps, hedging: hedge.enabled ? hedging : null, maxAttempts: max_attempts })
}
