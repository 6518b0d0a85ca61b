import { randomUUID } from 'node:crypto'
import {
  type Admission,
  type Admitted,
  AMOUNT_MAX,
  type Counter,
  type Denied,
  type Limit,
  type Verdict,
} from '@atp/domain/limit'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { implementations, type Subject } from './implementations.ts'
import { admission, bucket, concurrent, DAY, daily, HOUR, MINUTE, NOON, SECOND, sliding } from './limits.ts'

const { all, stop } = await implementations()
afterAll(stop)

describe.each(all)('limits $name', ({ missing, create }) => {
  let subject: Subject
  let tenant = ''
  let now = NOON

  beforeEach(async () => {
    if (missing) return
    subject = create()
    tenant = `test/${randomUUID()}`
    await at(NOON)
  })

  async function at(us: number): Promise<void> {
    now = us
    await subject.setTime(tenant, us)
  }

  const ask = (limits: readonly Limit[], of: Partial<Admission> = {}): Promise<Verdict> =>
    subject.limiter.admit(admission(tenant, limits, of))
  const admit = async (limits: readonly Limit[], of: Partial<Admission> = {}): Promise<Admitted> => {
    const verdict = await ask(limits, of)
    expect(verdict.kind).toBe('admitted')
    return verdict as Admitted
  }
  const refuse = async (limits: readonly Limit[], of: Partial<Admission> = {}): Promise<Denied> => {
    const verdict = await ask(limits, of)
    expect(verdict.kind).toBe('denied')
    return verdict as Denied
  }
  const figures = ({ levels }: Admitted | Denied) =>
    levels.map(({ used, reserved, remaining }) => [used, reserved, remaining])
  const spend = (tokens: number, cost = 0) => ({ estimate: { tokens, cost } })

  const test = it.skipIf(missing)

  test('count each request, also those of the same microsecond', async () => {
    const limits = [sliding('requests', 3, SECOND)]
    const verdicts = await Promise.all(Array.from({ length: 5 }, () => ask(limits)))
    expect(verdicts.map(({ kind }) => kind)).toEqual(['admitted', 'admitted', 'admitted', 'denied', 'denied'])
  })

  test('forget the levels that count nothing any more while their tenant is busy, and no others', async () => {
    const ofKey = (key: string): Limit[] => [
      sliding('requests', 9, MINUTE, `key/${key}/rpm`),
      { ...bucket('tokens', 60, MINUTE, 9), id: `key/${key}/tokens` },
      { ...daily('tokens', 99), id: `key/${key}/day` },
      { ...concurrent(9), id: `key/${key}/lanes` },
    ]
    await subject.limiter.rebuild(tenant, [])
    await admit([concurrent(9)], { leaseMs: (10 * DAY) / 1_000 })
    await admit(ofKey('dead'), { reservation: 'dead', ...spend(3) })
    await subject.limiter.settle(tenant, 'dead', { tokens: 2, cost: 0 })
    expect(await subject.limiter.forget(tenant)).toBe(1)
    await at(NOON + 2 * DAY)
    await admit(ofKey('alive'), { reservation: 'alive', ...spend(3) })
    await at(NOON + 2 * DAY + HOUR)
    expect(await subject.limiter.forget(tenant)).toBeGreaterThan(1)
    await at(NOON + 4 * DAY)
    await admit(ofKey('other'))
    await subject.limiter.forget(tenant)
    // Of the one that is dead nothing is left, the ones that counted since count on.
    expect(await subject.limiter.forget(tenant)).toBe(0)
    expect(await subject.limiter.settle(tenant, 'alive', { tokens: 5, cost: 0 })).not.toBe('settled')
    expect(figures(await admit(ofKey('dead'), spend(1)))).toEqual([
      [1, 0, 8],
      [0, 1, 8],
      [0, 1, 98],
      [0, 1, 8],
    ])
  })

  test('keep what counts when counters that were rolled back are dropped', async () => {
    const limits = [daily('cost', 100)]
    await subject.limiter.discard(tenant)
    await subject.limiter.rebuild(tenant, [{ limit: daily('cost', 100), settled: 60 }])
    await subject.limiter.discard(tenant)
    expect(figures(await admit(limits, spend(0, 10)))).toEqual([[60, 10, 30]])
  })

  test('count money in calendars from the sums again once they are invalidated, and all else on', async () => {
    const known = [daily('cost', 100), sliding('tokens', 50, MINUTE), concurrent(5)]
    const added: Limit = { ...daily('cost', 90), id: 'added' }
    await subject.limiter.invalidate(tenant)
    await subject.limiter.rebuild(tenant, [])
    await admit(known, { reservation: 'over', ...spend(3, 20) })
    await subject.limiter.settle(tenant, 'over', { tokens: 4, cost: 25 })
    await admit(known, { reservation: 'lost', leaseMs: 1_000, ...spend(5, 40) })
    await admit(known, { reservation: 'live', ...spend(7, 10) })
    await at(now + SECOND)
    await subject.limiter.sweep(tenant)
    await subject.limiter.invalidate(tenant)
    expect(await subject.limiter.epoch(tenant)).toBeNull()
    expect(await ask(known)).toEqual({ kind: 'stale' })
    const counters = [known[0] as Limit, added].map(limit => ({ limit, settled: 60 }))
    expect(await subject.limiter.rebuild(tenant, counters)).toBe(true)
    expect(figures(await admit([...known, added], { leaseMs: 1_000, ...spend(0) }))).toEqual([
      [60, 10, 30],
      [9, 7, 34],
      [0, 2, 3],
      [60, 0, 30],
    ])
    // It was spent before the sums were made: no correction takes it off them.
    expect(await subject.limiter.settle(tenant, 'lost', { tokens: 0, cost: 0 })).toBe('unknown')
    expect(await subject.limiter.settle(tenant, 'live', { tokens: 7, cost: 11 })).toBe('settled')
    await at(now + SECOND)
    expect(figures(await admit([...known, added], spend(0)))).toEqual([
      [71, 0, 29],
      [16, 0, 34],
      [0, 1, 4],
      [60, 0, 30],
    ])
  })

  test('take a slot at all levels or at none', async () => {
    const [second, minute] = [sliding('requests', 10, SECOND), sliding('requests', 2, MINUTE)]
    await admit([second, minute])
    await admit([second, minute])
    const { by } = await refuse([second, minute])
    expect(by).toMatchObject({ limit: minute, used: 2, reserved: 0, remaining: 0 })
    expect(figures(await admit([second]))).toEqual([[3, 0, 7]])
  })

  test('tell apart limits by their ids, and go on counting when the amount changes', async () => {
    const limit = sliding('requests', 1, MINUTE)
    await admit([limit])
    await refuse([limit])
    await admit([{ ...limit, id: 'of another key' }])
    expect(figures(await admit([{ ...limit, amount: 5 }]))).toEqual([[2, 0, 3]])
  })

  test('say truly how long to wait at a sliding window', async () => {
    const limits = [sliding('requests', 3, MINUTE)]
    await admit(limits)
    await at(now + 10 * SECOND)
    await admit(limits, { requests: 2 })
    const first = await refuse(limits)
    await at(now + 1_000 * Number(first.retryAfterMs) - 1_000)
    const second = await refuse(limits)
    expect(second.retryAfterMs).toBe(1)
    await at(now + 1_000)
    await admit(limits)
    expect((await refuse(limits, { requests: 4 })).retryAfterMs).toBeNull()
  })

  test('say truly how long to wait at a bucket', async () => {
    const limits = [bucket('requests', 7, MINUTE, 3)]
    for (let request = 0; request < 3; request += 1) await admit(limits)
    const { retryAfterMs, by } = await refuse(limits, { requests: 2 })
    expect(by).toMatchObject({ used: 3, remaining: 0 })
    await at(now + 1_000 * Number(retryAfterMs) - 1_000)
    await refuse(limits, { requests: 2 })
    await at(now + 1_000)
    await admit(limits, { requests: 2 })
    expect((await refuse(limits, { requests: 4 })).retryAfterMs).toBeNull()
  })

  test('say truly how long to wait for the next day', async () => {
    const limits = [daily('requests', 1, 'Europe/Berlin')]
    await subject.limiter.rebuild(tenant, [])
    await admit(limits)
    const { retryAfterMs } = await refuse(limits)
    expect(retryAfterMs).toBe(11 * 3_600_000)
    await at(now + 11 * HOUR - 1)
    await refuse(limits)
    await at(now + 1)
    await admit(limits)
    expect((await refuse(limits, { requests: 2 })).retryAfterMs).toBeNull()
  })

  test('say truly how long to wait for a lease', async () => {
    const limits = [concurrent(2)]
    await admit(limits, { leaseMs: 9_000 })
    await admit(limits, { leaseMs: 5_000 })
    const { retryAfterMs, by } = await refuse(limits)
    expect(by).toMatchObject({ used: 0, reserved: 2, remaining: 0, resetMs: null })
    expect(retryAfterMs).toBe(5_000)
    await at(now + 4_999_999)
    await refuse(limits)
    await at(now + 1)
    await admit(limits)
    expect((await refuse([concurrent(0)])).retryAfterMs).toBeNull()
  })

  test('name the limit that refuses longest, so that waiting so long succeeds', async () => {
    const limits = [
      sliding('requests', 1, SECOND),
      sliding('requests', 1, HOUR),
      sliding('requests', 1, MINUTE),
    ]
    await admit(limits)
    const { by, retryAfterMs } = await refuse(limits)
    expect(by.limit).toBe(limits[1])
    await at(now + 1_000 * Number(retryAfterMs))
    await admit(limits)
  })

  test('honour a burst, and then the rate', async () => {
    const limits = [bucket('requests', 10, SECOND, 20)]
    const verdicts = await Promise.all(Array.from({ length: 25 }, () => ask(limits)))
    expect(verdicts.filter(({ kind }) => kind === 'admitted')).toHaveLength(20)
    await at(now + SECOND)
    const later = await Promise.all(Array.from({ length: 15 }, () => ask(limits)))
    expect(later.filter(({ kind }) => kind === 'admitted')).toHaveLength(10)
  })

  test.each([
    ['Europe/Berlin', 'loses an hour', '2026-03-28T23:00Z', '2026-03-29T22:00Z'],
    ['America/New_York', 'gains an hour', '2026-11-01T04:00Z', '2026-11-02T05:00Z'],
    ['America/Havana', 'loses its midnight', '2026-03-08T05:00Z', '2026-03-09T04:00Z'],
    ['Asia/Beirut', 'loses its midnight', '2026-03-28T22:00Z', '2026-03-29T21:00Z'],
    ['Asia/Kolkata', 'keeps its hours', '2026-03-28T18:30Z', '2026-03-29T18:30Z'],
  ])('begin a day anew at the midnight of %s that %s', async (timeZone, _what, start, end) => {
    const limits = [daily('requests', 1, timeZone)]
    for (const midnight of [start, end]) {
      await at(1_000 * Date.parse(midnight) - 1)
      await subject.limiter.rebuild(tenant, [])
      if (midnight === start) await admit(limits)
      await refuse(limits)
      await at(1_000 * Date.parse(midnight))
      await admit(limits)
      await refuse(limits)
    }
  })

  test.each([
    ['settled later', 'cost'],
    ['counted at once', 'requests'],
  ] as const)('begin a day anew in a month that is counted, too: what is %s', async (_what, counts) => {
    const month: Limit = { ...daily(counts, 9), id: 'month', period: 'month' }
    const limits = [daily(counts, 3), month]
    await subject.limiter.rebuild(tenant, [])
    const ask = async (reservation: string, amount: number) => {
      const verdict = await admit(limits, { reservation, requests: amount, ...spend(0, amount) })
      await subject.limiter.settle(tenant, reservation, { tokens: 0, cost: amount })
      return verdict.levels.map(({ remaining }) => remaining)
    }
    expect(await ask('yesterday', 2)).toEqual([1, 7])
    await at(NOON + 12 * HOUR)
    expect(await ask('today', 1)).toEqual([2, 6])
    expect(await ask('later', 1)).toEqual([1, 5])
  })

  test('give a shadow limit its count, but no say', async () => {
    const limits = [{ ...sliding('requests', 1, MINUTE), shadow: true }, sliding('requests', 3, HOUR)]
    expect((await admit(limits)).levels.map(({ exceeded }) => exceeded)).toEqual([false, false])
    const { levels } = await admit(limits)
    expect(levels[0]).toMatchObject({ used: 2, remaining: 0, exceeded: true })
    await admit(limits)
    await refuse(limits)
  })

  test('let pass what asks nothing of an exhausted limit', async () => {
    await subject.limiter.rebuild(tenant, [])
    const limits = [daily('cost', 0), sliding('tokens', 5, MINUTE)]
    await admit(limits, spend(5))
    await admit(limits, spend(0))
    expect((await refuse(limits, spend(0, 1))).retryAfterMs).toBeNull()
  })

  test('count a fallback of a counted request no second time', async () => {
    const limits = [sliding('requests', 1, MINUTE), sliding('tokens', 100, MINUTE)]
    await admit(limits, { reservation: 'first', ...spend(60) })
    await subject.limiter.release(tenant, 'first')
    expect(figures(await admit(limits, { requests: 0, ...spend(90) }))).toEqual([
      [1, 0, 0],
      [0, 90, 10],
    ])
  })

  test('replace what was reserved by what was spent, once', async () => {
    await subject.limiter.rebuild(tenant, [])
    const limits = [sliding('tokens', 100, MINUTE), daily('cost', 1_000)]
    await admit(limits, { reservation: 'a', ...spend(80, 500) })
    expect(await subject.limiter.settle(tenant, 'a', { tokens: 30, cost: 200 })).toBe('settled')
    expect(await subject.limiter.settle(tenant, 'a', { tokens: 1, cost: 1 })).toBe('unknown')
    expect(await subject.limiter.settle(tenant, 'never', { tokens: 1, cost: 1 })).toBe('unknown')
    expect(figures(await admit(limits, { reservation: 'b', ...spend(70, 800) }))).toEqual([
      [30, 70, 0],
      [200, 800, 0],
    ])
    expect(await subject.limiter.settle(tenant, 'b', { tokens: 90, cost: 900 })).toBe('settled')
    expect(figures(await refuse(limits, spend(1, 1)))).toEqual([
      [120, 0, 0],
      [1_100, 0, 0],
    ])
  })

  test('give tokens back where they were counted, and count a surplus from now on', async () => {
    const limits = [sliding('tokens', 100, MINUTE)]
    await admit(limits, { reservation: 'less', ...spend(60) })
    await at(now + 20 * SECOND)
    await admit(limits, { reservation: 'more', ...spend(20) })
    await at(now + 20 * SECOND)
    await subject.limiter.settle(tenant, 'less', { tokens: 10, cost: 0 })
    await subject.limiter.settle(tenant, 'more', { tokens: 50, cost: 0 })
    expect(figures(await admit(limits, spend(0)))).toEqual([[60, 0, 40]])
    // The first has left, then the second, then its surplus.
    await at(now + 21 * SECOND)
    expect(figures(await admit(limits, spend(0)))).toEqual([[50, 0, 50]])
    await at(now + 20 * SECOND)
    expect(figures(await admit(limits, spend(0)))).toEqual([[30, 0, 70]])
    await at(now + 20 * SECOND)
    expect(figures(await admit(limits, spend(0)))).toEqual([[0, 0, 100]])
  })

  test('settle a reservation in the day in which it was made', async () => {
    const limits = [daily('cost', 1_000)]
    await at(NOON + 12 * HOUR - 1)
    await subject.limiter.rebuild(tenant, [])
    await admit(limits, { reservation: 'yesterday', ...spend(0, 1_000) })
    await at(now + 2)
    await admit(limits, { reservation: 'today', ...spend(0, 400) })
    await subject.limiter.settle(tenant, 'yesterday', { tokens: 0, cost: 700 })
    expect(figures(await admit(limits, spend(0, 0)))).toEqual([[0, 400, 600]])
    await subject.limiter.settle(tenant, 'today', { tokens: 0, cost: 100 })
    expect(figures(await admit(limits, spend(0, 0)))).toEqual([[100, 0, 900]])
  })

  test('settle an expired lease at its estimate, and correct it when someone tells', async () => {
    await subject.limiter.rebuild(tenant, [])
    const limits = [daily('cost', 1_000), concurrent(1)]
    await admit(limits, { reservation: 'a', leaseMs: 1_000, ...spend(0, 600) })
    await refuse(limits, spend(0, 100))
    await at(now + SECOND)
    expect(await subject.limiter.sweep(tenant)).toEqual({ provisional: ['a'], more: false })
    expect(await subject.limiter.renew(tenant, 'a', 1_000)).toBe(false)
    expect(figures(await admit(limits, { reservation: 'b', ...spend(0, 100) }))).toEqual([
      [600, 100, 300],
      [0, 1, 0],
    ])
    expect(await subject.limiter.settle(tenant, 'a', { tokens: 0, cost: 50 })).toBe('corrected')
    expect(await subject.limiter.settle(tenant, 'a', { tokens: 0, cost: 50 })).toBe('unknown')
    await subject.limiter.release(tenant, 'b')
    expect(figures(await admit(limits, spend(0, 0)))[0]).toEqual([50, 0, 950])
  })

  test('forget an expired lease when it is too late to tell', async () => {
    subject = create({ lateMs: 10_000 })
    await at(NOON)
    const limits = [sliding('tokens', 100, DAY)]
    await admit(limits, { reservation: 'a', leaseMs: 1_000, ...spend(60) })
    await at(now + 11 * SECOND)
    await subject.limiter.sweep(tenant)
    await subject.limiter.sweep(tenant)
    expect(await subject.limiter.settle(tenant, 'a', { tokens: 1, cost: 0 })).toBe('unknown')
    expect(figures(await admit(limits, spend(0)))).toEqual([[60, 0, 40]])
  })

  test('forget at once an expired lease that is first looked at when it is too late to tell', async () => {
    const limits = [daily('tokens', 100, 'America/Havana')]
    await subject.limiter.rebuild(tenant, [])
    await admit(limits, { reservation: 'a', leaseMs: 1, ...spend(60) })
    await at(NOON + DAY + 1_000)
    await admit([concurrent(4)])
    expect(await subject.limiter.settle(tenant, 'a', { tokens: 0, cost: 0 })).toBe('unknown')
  })

  test('keep a lease that is renewed', async () => {
    const limits = [concurrent(1)]
    await admit(limits, { reservation: 'a', leaseMs: 1_000 })
    for (let beat = 0; beat < 5; beat += 1) {
      await at(now + 900_000)
      expect(await subject.limiter.renew(tenant, 'a', 1_000)).toBe(true)
    }
    await refuse(limits)
    await at(now + SECOND)
    expect(await subject.limiter.renew(tenant, 'a', 1_000)).toBe(false)
    await admit(limits)
  })

  test('free at once what 100 leases of a lost replica held', async () => {
    const limits = [concurrent(100), sliding('tokens', 10_000, HOUR)]
    for (let lease = 0; lease < 100; lease += 1) await admit(limits, { leaseMs: 1_000, ...spend(10) })
    await refuse(limits)
    await at(now + SECOND)
    expect(figures(await admit(limits, spend(10)))).toEqual([
      [0, 1, 99],
      [1_000, 10, 8_990],
    ])
  })

  test('admit a repeated call again without counting it', async () => {
    const limits = [sliding('requests', 2, MINUTE), sliding('tokens', 10, MINUTE)]
    await admit(limits, { reservation: 'a', ...spend(10) })
    expect(figures(await admit(limits, { reservation: 'a', ...spend(10) }))).toEqual([
      [1, 0, 1],
      [0, 10, 0],
    ])
  })

  test('bear no more reservations in flight than they are set to', async () => {
    subject = create({ inFlightMax: 3 })
    await at(NOON)
    const limits = [sliding('tokens', 100, MINUTE)]
    for (let lease = 0; lease < 3; lease += 1) await admit(limits, { leaseMs: 1_000 + lease, ...spend(1) })
    const { by, retryAfterMs } = await refuse(limits, spend(1))
    expect([by.limit.id, retryAfterMs]).toEqual(['in-flight', 1_000])
    await at(now + SECOND)
    await admit(limits, spend(1))
  })

  test('say whether there is anything to settle', async () => {
    expect((await admit([sliding('requests', 1, SECOND)])).leased).toBe(false)
    expect((await admit([concurrent(1)])).leased).toBe(true)
  })

  test('refuse money until the counters are begun from what was spent', async () => {
    const limits = [daily('cost', 1_000), sliding('requests', 9, MINUTE)]
    expect(await subject.limiter.epoch(tenant)).toBeNull()
    expect(await ask(limits, spend(0, 10))).toEqual({ kind: 'stale' })
    const counters = [{ limit: daily('cost', 1_000), settled: 995 }]
    expect(await subject.limiter.rebuild(tenant, counters)).toBe(true)
    expect(await subject.limiter.rebuild(tenant, [])).toBe(false)
    expect(await subject.limiter.epoch(tenant)).not.toBeNull()
    await refuse(limits, spend(0, 10))
    expect(figures(await admit(limits, spend(0, 5)))).toEqual([
      [995, 5, 0],
      [1, 0, 8],
    ])
  })

  test('are begun again by the thousand', async () => {
    const counters = Array.from({ length: 5_000 }, (_, n) => {
      return { limit: { ...daily('cost', 10_000), id: `key/${n}` }, settled: n }
    })
    expect(await subject.limiter.rebuild(tenant, counters)).toBe(true)
    for (const n of [0, 63, 64, 4_999]) {
      expect(figures(await admit([(counters[n] as Counter).limit]))).toEqual([[n, 0, 10_000 - n]])
    }
  })

  test('count rates and shadows without being begun', async () => {
    await admit([sliding('requests', 1, MINUTE), { ...daily('cost', 1), shadow: true }], spend(0, 5))
  })

  test('recount what was admitted elsewhere, once, whatever the limits say', async () => {
    await subject.limiter.rebuild(tenant, [])
    const limits = [daily('cost', 100), sliding('requests', 5, MINUTE), concurrent(1)]
    const live = admission(tenant, limits, { reservation: 'live', ...spend(0, 80) })
    await subject.limiter.recount(live)
    await subject.limiter.recount(live)
    const settled = admission(tenant, limits, { requests: 7, leaseMs: 0, ...spend(0, 90) })
    await subject.limiter.recount(settled)
    expect(await subject.limiter.settle(tenant, settled.reservation, { tokens: 0, cost: 0 })).toBe('unknown')
    expect(figures(await refuse(limits))).toEqual([
      [90, 80, 0],
      [8, 0, 0],
      [0, 1, 0],
    ])
    expect(await subject.limiter.settle(tenant, 'live', { tokens: 0, cost: 1 })).toBe('settled')
    expect(figures(await refuse(limits))[0]).toEqual([91, 0, 9])
  })

  test('let time stand when the clock goes back', async () => {
    const limits = [sliding('requests', 1, MINUTE)]
    await admit(limits)
    await at(NOON - HOUR)
    expect((await refuse(limits)).retryAfterMs).toBeLessThanOrEqual(61_000)
    await at(NOON + 61 * SECOND)
    await admit(limits)
  })

  test('count exactly, and no further than that is possible', async () => {
    const most = AMOUNT_MAX
    const limits = [sliding('tokens', most, MINUTE), bucket('requests', 1, SECOND, 1_000)]
    const { levels } = await admit(limits, spend(most - 1))
    expect(levels[0]).toMatchObject({ reserved: most - 1, remaining: 1 })
    await refuse(limits, spend(2))
    expect(figures(await admit(limits, spend(1)))[0]).toEqual([0, most, 0])
    const shadow = limits.map(limit => ({ ...limit, shadow: true }))
    await expect(ask(shadow, spend(1))).rejects.toMatchObject({ code: 'internal' })
  })

  test('keep tenants apart', async () => {
    const limits = [sliding('requests', 1, MINUTE)]
    await admit(limits)
    const other = `test/${randomUUID()}`
    await subject.setTime(other, now)
    expect((await subject.limiter.admit(admission(other, limits))).kind).toBe('admitted')
  })

  test.each<[string, Partial<Admission>]>([
    ['a tenant with braces', { tenant: 'a}b' }],
    ['half a token', { estimate: { tokens: 0.5, cost: 0 } }],
    ['negative money', { estimate: { tokens: 0, cost: -1 } }],
    ['no lease', { leaseMs: 0 }],
    ['the same limit twice', { limits: [concurrent(1), concurrent(2)] }],
    ['an id that is none', { limits: [{ ...concurrent(1), id: 'a#b' }] }],
    ['a bucket beyond integers', { limits: [bucket('tokens', 7, DAY, 2 ** 40)] }],
    ['a window beyond time', { limits: [sliding('tokens', 7, 2 ** 52)] }],
  ])('do not work with %s', async (_what, of) => {
    await expect(ask([], of)).rejects.toMatchObject({ code: 'invalid_argument' })
  })
})
