/** The limiters that are compared, each used as its documentation says. A side decides requests, and holds a budget of money. */
import { randomUUID } from 'node:crypto'
import { InProcessLimiter, type Limit, type Limiter } from '@atp/domain/limit'
import { RedisLimiter } from '@atp/infrastructure/ratelimit'
import { loadNative, typescriptNative } from '@atp/native'
import { Ratelimit } from '@upstash/ratelimit'
import type { Redis } from 'ioredis'
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import { upstashClient } from './upstash-client.ts'

export interface Window {
  readonly amount: number
  readonly seconds: number
}

/** A request of unknown cost, held against a budget. */
export interface Purse {
  /** @returns null where it is refused, else what to call with the cost when that is known */
  begin(mostMicroUsd: number): Promise<((costMicroUsd: number) => Promise<unknown>) | null>
}

export interface Side {
  readonly name: string
  readonly library: 'atp' | 'rate-limiter-flexible' | '@upstash/ratelimit'
  /** Counts in this process alone. */
  readonly alone: boolean
  /** Decides a request at all windows at once. */
  decider(key: string, windows: readonly Window[]): () => Promise<boolean>
  /** Null where the library has nothing for it. */
  purse(key: string, budgetMicroUsd: number): Purse | null
}

export const SIDE_NAMES = [
  'atp redis',
  'rate-limiter-flexible redis',
  '@upstash/ratelimit redis',
  'atp memory',
  'atp memory typescript',
  'rate-limiter-flexible memory',
] as const
export type SideName = (typeof SIDE_NAMES)[number]

/** Rust and TypeScript decide alike: what one lets through, the other does. */
export const OVERSHOOT_SIDES = SIDE_NAMES.filter(name => name !== 'atp memory typescript')

const DAY_S = 86_400
const WAIT_MS = 60_000
const nowUs = () => 1_000 * Date.now()

export function sideOf(name: SideName, redis: Redis): Side {
  switch (name) {
    case 'atp redis': {
      const newEpoch = () => 1 + Math.floor(Math.random() * 2 ** 50)
      return atp(name, new RedisLimiter({ redis, nowUs, newEpoch, timeoutMs: WAIT_MS }), false)
    }
    case 'atp memory':
      // As the gateway has it: with the addon where there is one.
      return atp(name, new InProcessLimiter({ nowUs, native: loadNative({ log: console.warn }) }), true)
    case 'atp memory typescript':
      return atp(name, new InProcessLimiter({ nowUs, native: typescriptNative }), true)
    case 'rate-limiter-flexible redis':
      return flexible(name, options => new RateLimiterRedis({ storeClient: redis, ...options }), false)
    case 'rate-limiter-flexible memory':
      return flexible(name, options => new RateLimiterMemory(options), true)
    case '@upstash/ratelimit redis':
      return upstash(name, redis)
  }
}

function atp(name: string, limiter: Limiter, alone: boolean): Side {
  return {
    name,
    library: 'atp',
    alone,
    decider(tenant, windows) {
      const limits = windows.map(({ amount, seconds }): Limit => {
        return { kind: 'sliding', id: `${seconds} s`, counts: 'requests', windowUs: 1e6 * seconds, amount }
      })
      const asked = { tenant, limits, requests: 1, estimate: { tokens: 0, cost: 0 }, leaseMs: 60_000 }
      let request = 0
      return async () => {
        request += 1
        return (await limiter.admit({ ...asked, reservation: String(request) })).kind === 'admitted'
      }
    },
    purse(tenant, amount) {
      const limits: readonly Limit[] = [
        { kind: 'calendar', id: 'usd', counts: 'cost', period: 'day', timeZone: 'UTC', amount },
      ]
      return {
        async begin(most) {
          const reservation = randomUUID()
          const estimate = { tokens: 0, cost: most }
          const asked = { tenant, reservation, limits, requests: 1, estimate, leaseMs: 60_000 }
          let { kind } = await limiter.admit(asked)
          if (kind === 'stale') {
            await limiter.rebuild(tenant, [])
            kind = (await limiter.admit(asked)).kind
          }
          if (kind !== 'admitted') return null
          return cost => limiter.settle(tenant, reservation, { tokens: 0, cost })
        },
      }
    },
  }
}

type Flexible = RateLimiterRedis | RateLimiterMemory
type FlexibleOptions = { readonly keyPrefix: string; readonly points: number; readonly duration: number }

/** One limiter a window, all asked at once. A budget is asked for what is left, and told afterwards what was spent. */
function flexible(name: string, create: (options: FlexibleOptions) => Flexible, alone: boolean): Side {
  const admitted = async (limiter: Flexible, key: string) => {
    try {
      await limiter.consume(key)
      return true
    } catch (refused) {
      if (refused instanceof RateLimiterRes) return false
      throw refused
    }
  }
  return {
    name,
    library: 'rate-limiter-flexible',
    alone,
    decider(key, windows) {
      const limiters = windows.map(({ amount, seconds }) => {
        return create({ keyPrefix: `flexible:${seconds}`, points: amount, duration: seconds })
      })
      return async () => (await Promise.all(limiters.map(limiter => admitted(limiter, key)))).every(Boolean)
    },
    purse(key, budget) {
      const limiter = create({ keyPrefix: 'flexible:usd', points: budget, duration: DAY_S })
      return {
        async begin() {
          const state = await limiter.get(key)
          if (state !== null && state.consumedPoints >= budget) return null
          return cost => limiter.penalty(key, cost)
        },
      }
    },
  }
}

/** The library's own sliding window, on the same Redis. */
function upstash(name: string, redis: Redis): Side {
  const client = upstashClient(redis)
  const windowOf = ({ amount, seconds }: Window) =>
    new Ratelimit({
      redis: client,
      limiter: Ratelimit.slidingWindow(amount, `${seconds} s`),
      prefix: `upstash:${seconds}`,
      ephemeralCache: false,
      analytics: false,
      timeout: WAIT_MS,
    })
  return {
    name,
    library: '@upstash/ratelimit',
    alone: false,
    decider(key, windows) {
      const limiters = windows.map(windowOf)
      return async () =>
        (await Promise.all(limiters.map(limiter => limiter.limit(key)))).every(({ success }) => success)
    },
    purse(key, budget) {
      const limiter = windowOf({ amount: budget, seconds: DAY_S })
      return {
        async begin() {
          const { remaining } = await limiter.getRemaining(key)
          if (remaining <= 0) return null
          return cost => limiter.limit(key, { rate: cost })
        },
      }
    },
  }
}
