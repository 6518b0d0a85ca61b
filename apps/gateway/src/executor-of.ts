/** The step that calls models, as the configuration wants it. */
import { parseDuration } from '@atp/core/config'
import type { Resolve } from '@atp/core/container'
import { Executor } from './corridor/execute.ts'
import { Retries } from './corridor/retries.ts'
import type { Settler } from './corridor/settle.ts'
import * as T from './tokens.ts'

export function executorOf(resolve: Resolve, settler: Settler): Executor {
  const { max_attempts, retry_budget, same_model } = resolve(T.CONFIG).upstream
  const clock = resolve(T.CLOCK)
  const retries = new Retries({
    ratio: retry_budget.ratio,
    minPerSecond: retry_budget.min_per_second,
    maxWaitMs: parseDuration(same_model.max_wait),
    backoffMs: parseDuration(same_model.backoff),
    clock,
    timers: resolve(T.TIMERS),
    random: resolve(T.RANDOM),
    metrics: resolve(T.METRICS),
  })
  return new Executor({
    registry: resolve(T.REGISTRY),
    admitter: resolve(T.ADMITTER),
    retries,
    settler,
    clock,
    maxAttempts: max_attempts,
  })
}
