/** From the configuration to when upstreams are left alone, and how they are found to be back. */
import { type Config, parseDuration } from '@atp/core/config'
import { type AdapterRegistryOptions, BREAKER_DEFAULTS, type BreakerOptions } from '@atp/domain/adapter'

export function breakerOptionsOf({ breaker }: Config): BreakerOptions {
  return {
    ...BREAKER_DEFAULTS,
    failureThreshold: breaker.failures,
    cooldownMs: parseDuration(breaker.cooldown),
    maxCooldownMs: Math.max(BREAKER_DEFAULTS.maxCooldownMs, parseDuration(breaker.cooldown)),
    failureRate: {
      share: breaker.failure_share,
      fewestCalls: breaker.min_calls,
      windowMs: parseDuration(breaker.window),
    },
    jitter: 0.2,
  }
}

/** A list of models says nothing of how a model answers. */
export const TRIALS_BY = { traffic: 'none', models: 'accounts', one_token: 'all' } as const

export function concurrencyOf({ upstream }: Config): Pick<AdapterRegistryOptions, 'concurrency'> {
  const { adaptive, min } = upstream.concurrency
  const most = upstream.max_connections
  return adaptive ? { concurrency: { fewest: Math.min(min, most), most } } : {}
}
