/** A day of a tenant with a quota of money: routed, admitted and paid for as the gateway does it. */
import type { TenantId } from '@atp/core/ids'
import { typescriptNative } from '@atp/native'
import { describe, expect, it } from 'vitest'
import { InProcessLimiter, type Limit } from '../../src/limit/index.ts'
import { type Candidate, TenantPacers } from '../../src/routing/index.ts'
import { QuotaPace } from '../../src/routing/pacing/quota-pace.ts'
import { DEFAULT_TENANT } from '../../src/tenant/index.ts'
import { armOf, requestOf, routingOver } from './catalogue.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** For 100 tokens of input and 200 of output: $0.01, and a twentieth of it. */
const DEAR_USD = 0.01
const CHEAP_USD = DEAR_USD / 20
const arms = [
  armOf('dear', {
    qualityPrior: { mean: 0.9, strength: 1_000 },
    price: { inputUsdPerMtok: 20, outputUsdPerMtok: 40 },
  }),
  armOf('cheap', {
    qualityPrior: { mean: 0.7, strength: 1_000 },
    price: { inputUsdPerMtok: 1, outputUsdPerMtok: 2 },
  }),
]

interface Day {
  readonly requests: number
  readonly quotaUsd: number
  /** Of the traffic at a time of day in [0, 1), whose mean is 1. */
  readonly traffic?: (time: number) => number
  readonly isPaced?: boolean
  readonly budgetUsd?: number
  /** What an answer comes to, of what was expected. */
  readonly factor?: number
}

interface Hour {
  served: number
  dear: number
}

async function live({ requests, quotaUsd, traffic = () => 1, isPaced = true, budgetUsd, factor = 1 }: Day) {
  const { clock, router, pacers } = routingOver(arms, Number.POSITIVE_INFINITY, budgetUsd ?? null)
  // Midnight: a day has just begun.
  clock.advance(DAY_MS - (clock.now() % DAY_MS))
  const limiter = new InProcessLimiter({
    nowUs: () => clock.now() * 1_000,
    native: typescriptNative,
    guarded: false,
  })
  const quota = {
    id: 'quota',
    kind: 'calendar',
    counts: 'cost',
    period: 'day',
    timeZone: 'UTC',
    amount: Math.round(quotaUsd * 1e6),
  } satisfies Limit
  const begun = clock.now()
  const hours: Hour[] = Array.from({ length: 24 }, () => ({ served: 0, dear: 0 }))
  let spentUsd = 0
  let came = 0
  let refusedAt: number | null = null

  /** @returns whether the limiter let it pass */
  async function call({ arm, estimate }: Candidate, hour: Hour): Promise<boolean> {
    const cost = Math.round(estimate.costUsd * 1e6)
    const reservation = `${came}/${arm}`
    const verdict = await limiter.admit({
      tenant: 't',
      reservation,
      limits: [quota],
      estimate: { tokens: 0, cost },
      requests: 1,
      leaseMs: 60_000,
    })
    if (verdict.kind === 'stale') throw new Error('nothing was lost')
    const [level] = verdict.levels
    if (isPaced && level !== undefined && level.resetMs !== null) {
      const left = { remainingUsd: level.remaining / 1e6, resetMs: level.resetMs }
      pacers.told(DEFAULT_TENANT, [left], clock.monotonic())
    }
    if (verdict.kind === 'denied') return false
    // Answers are half as long as expected, or half as long again, by turns.
    const paid = Math.round(cost * factor * (came % 2 === 0 ? 0.5 : 1.5))
    await limiter.settle('t', reservation, { tokens: 0, cost: paid })
    pacers.of(DEFAULT_TENANT)?.spend(paid / 1e6 - estimate.costUsd)
    spentUsd += paid / 1e6
    hour.served += 1
    if (arm === 'up/dear') hour.dear += 1
    return true
  }

  while (clock.now() < begun + DAY_MS) {
    const sinceMidnight = clock.now() - begun
    const hour = hours[Math.floor(sinceMidnight / HOUR_MS)] as Hour
    const plan = router.plan(requestOf({ strategy: 'greedy', seed: `${came}` }))
    pacers.arrive(DEFAULT_TENANT, plan.forecasts, clock.monotonic())
    pacers.of(DEFAULT_TENANT)?.spend(plan.candidates[0]?.estimate.costUsd ?? 0)
    const [first] = plan.candidates
    // Without a fallback: what is measured is what the decision itself was.
    if (first !== undefined && !(await call(first, hour))) refusedAt ??= sinceMidnight
    came += 1
    clock.advance(DAY_MS / requests / traffic(sinceMidnight / DAY_MS))
  }
  return { spentUsd, hours, came, refusedAt, served: hours.reduce((sum, { served }) => sum + served, 0) }
}

const dearShares = (hours: readonly Hour[]) => hours.map(({ served, dear }) => dear / served)

describe('a quota of money', () => {
  const requests = 6_000
  const quotaUsd = (requests * DEAR_USD) / 3

  it('is gone by a third of the day where nobody paces', async () => {
    const { refusedAt, hours } = await live({ requests, quotaUsd, isPaced: false })
    expect(refusedAt).toBeGreaterThan(7 * HOUR_MS)
    expect(refusedAt).toBeLessThan(9 * HOUR_MS)
    expect(hours.slice(9).every(({ served }) => served === 0)).toBe(true)
  })

  it('lasts the day, is spent, and pays for dear answers in every hour', async () => {
    const { served, came, spentUsd, hours } = await live({ requests, quotaUsd })
    expect(served).toBe(came)
    expect(spentUsd).toBeLessThanOrEqual(quotaUsd)
    expect(spentUsd).toBeGreaterThan(0.9 * quotaUsd)
    // The quota pays for dear answers to 30% of the requests: (1/3 - 1/20) / (1 - 1/20).
    const shares = dearShares(hours)
    expect(Math.min(...shares)).toBeGreaterThan(0.2)
    expect(Math.max(...shares.slice(1))).toBeLessThan(0.5)
  })

  it('lasts a day with four times the traffic at noon, and at night pays for what it can', async () => {
    const traffic = (time: number) => 1 - 0.6 * Math.cos(2 * Math.PI * time)
    const { served, came, spentUsd, hours } = await live({ requests, quotaUsd, traffic })
    expect(served).toBe(came)
    expect(spentUsd).toBeLessThanOrEqual(quotaUsd)
    expect(spentUsd).toBeGreaterThan(0.9 * quotaUsd)
    expect(Math.min(...dearShares(hours))).toBeGreaterThan(0.05)
  })

  it.each([0.5, 2])('lasts the day where answers come to %d times what was believed', async factor => {
    const { served, came, spentUsd, hours } = await live({ requests, quotaUsd, factor })
    expect(served).toBe(came)
    // What the last answer came to beyond what was reserved for it is nobody's fault here.
    expect(spentUsd).toBeLessThanOrEqual(quotaUsd + 2 * factor * DEAR_USD)
    expect(spentUsd).toBeGreaterThan(0.9 * quotaUsd)
    expect(Math.min(...dearShares(hours))).toBeGreaterThan(0.03)
  })

  it('that is enough for every answer changes nothing', async () => {
    const { served, hours } = await live({ requests, quotaUsd: 1.1 * requests * DEAR_USD })
    expect(served).toBe(requests)
    expect(dearShares(hours).every(share => share === 1)).toBe(true)
  })

  it('beside a budget a request holds where it is less, and the budget where that is', async () => {
    const ample = await live({ requests, quotaUsd: 10 * quotaUsd, budgetUsd: DEAR_USD / 4 })
    const alone = await live({ requests, quotaUsd, isPaced: false, budgetUsd: DEAR_USD / 4 })
    expect(ample.spentUsd / requests).toBeLessThanOrEqual((DEAR_USD / 4) * 1.005)
    expect(ample.hours).toEqual(alone.hours)
    const tight = await live({ requests, quotaUsd, budgetUsd: 2 * DEAR_USD })
    expect(tight.served).toBe(tight.came)
    expect(tight.spentUsd).toBeLessThanOrEqual(quotaUsd)
  })
})

describe("a tenant's pace", () => {
  it('is what is left of the tightest quota, over the requests that are expected by all replicas', () => {
    const paceOf = (replicas: number) => {
      const pace = new QuotaPace(() => replicas)
      for (let minute = 0; minute < 24 * 60; minute++) pace.arrive(minute * 60_000)
      const week = { remainingUsd: 100, resetMs: 7 * DAY_MS }
      pace.told([week, { remainingUsd: 6, resetMs: 10 * HOUR_MS }], DAY_MS)
      return pace.budgetUsd(DAY_MS)
    }
    // One request a minute, 600 until the quota of $6 begins anew.
    expect(paceOf(1)).toBeCloseTo(0.01, 3)
    expect(paceOf(4)).toBeCloseTo(0.0025, 4)
  })

  it('is unknown without a quota, and once it has begun anew', () => {
    const pace = new QuotaPace(() => 1)
    expect(pace.budgetUsd(0)).toBeNull()
    pace.told([{ remainingUsd: 1, resetMs: 1_000 }], 0)
    expect(pace.budgetUsd(999)).toBe(0.1)
    expect(pace.budgetUsd(1_000)).toBeNull()
  })

  it('is dropped with the quota, and leaves others alone', () => {
    const pacers = new TenantPacers(null)
    const other = 'other' as TenantId
    pacers.told(DEFAULT_TENANT, [{ remainingUsd: 1, resetMs: 1_000 }], 0)
    expect(pacers.of(DEFAULT_TENANT)).not.toBeNull()
    expect(pacers.of(other)).toBeNull()
    pacers.told(DEFAULT_TENANT, [], 1)
    expect(pacers.of(DEFAULT_TENANT)).toBeNull()
  })

  it('of nothing left asks for the cheapest, and recovers when there is something again', () => {
    const pacers = new TenantPacers(null)
    const forecast = [
      { utility: 0.9, costUsd: DEAR_USD },
      { utility: 0.7, costUsd: CHEAP_USD },
    ]
    const bears = () =>
      pacers.of(DEFAULT_TENANT)?.bears(forecast.map(arm => ({ ...arm, meanUsd: arm.costUsd })))
    const arrive = (times: number, now: number) => {
      for (let time = 0; time < times; time++) pacers.arrive(DEFAULT_TENANT, forecast, now)
    }
    pacers.told(DEFAULT_TENANT, [{ remainingUsd: 0, resetMs: DAY_MS }], 0)
    arrive(20, 0)
    expect(bears()).toEqual([false, true])
    expect(pacers.of(DEFAULT_TENANT)?.price).toBeGreaterThan(0)
    pacers.told(DEFAULT_TENANT, [{ remainingUsd: 1_000, resetMs: DAY_MS }], DAY_MS)
    arrive(10, DAY_MS)
    expect(bears()).toEqual([true, true])
    expect(pacers.of(DEFAULT_TENANT)?.price).toBe(0)
  })
})
