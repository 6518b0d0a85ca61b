/** The part of the composition that knows how this process is: what it asks its dependencies, and whether its event loop comes round. */
import { parseDuration } from '@atp/core/config'
import { type Binding, bind } from '@atp/core/container'
import { Readiness } from '../http/readiness.ts'
import * as T from '../tokens.ts'
import { DependencyCheck } from './dependency-check.ts'
import { EventLoopWatch } from './event-loop-watch.ts'
import { UpstreamTrials } from './upstream-trials.ts'

/** Milliseconds: a busy disk may hold up the journal for long before it is lost. */
const JOURNAL_TIMEOUT_MS = 5_000
const SERVER_TIMEOUT_MS = 1_000

export const HEALTH: readonly Binding[] = [
  bind(T.READINESS, resolve => {
    const readiness = new Readiness()
    const clock = resolve(T.CLOCK)
    const { journal, postgres } = resolve(T.DATABASE).pings
    const redis = resolve(T.REDIS)
    readiness.registerAsking(
      'journal',
      new DependencyCheck({
        ask: journal,
        timeoutMs: JOURNAL_TIMEOUT_MS,
        failure: 'unavailable',
        detail: why => `the journal does not answer: ${why}`,
        clock,
      }),
    )
    if (postgres !== null) {
      readiness.registerAsking(
        'postgres',
        new DependencyCheck({
          ask: postgres,
          timeoutMs: SERVER_TIMEOUT_MS,
          failure: 'degraded',
          detail: why => `Postgres does not answer, records wait in the journal: ${why}`,
          clock,
        }),
      )
    }
    if (redis !== null) {
      readiness.registerAsking(
        'redis',
        new DependencyCheck({
          ask: async () => void (await redis.ping()),
          timeoutMs: SERVER_TIMEOUT_MS,
          failure: 'degraded',
          detail: why => `Redis does not answer, each tenant's policy decides: ${why}`,
          clock,
        }),
      )
    }
    return readiness
  }),
  bind(T.TRIALS, resolve => {
    const { probe, probe_timeout } = resolve(T.CONFIG).breaker
    if (probe === 'traffic') return null
    return new UpstreamTrials({
      registry: resolve(T.REGISTRY),
      by: probe,
      timeoutMs: parseDuration(probe_timeout),
      metrics: resolve(T.METRICS),
      clock: resolve(T.CLOCK),
      timers: resolve(T.TIMERS),
      log: resolve(T.LOG),
    })
  }),
  bind(T.EVENT_LOOP, resolve => {
    const { event_loop_limit } = resolve(T.CONFIG).server
    return new EventLoopWatch(resolve(T.CLOCK), parseDuration(event_loop_limit))
  }),
]
