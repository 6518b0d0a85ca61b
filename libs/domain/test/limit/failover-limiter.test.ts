import { ManualClock } from '@atp/core/clock'
import { AtpError } from '@atp/core/errors'
import { typescriptNative } from '@atp/native'
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  type Admission,
  AMOUNT_MAX,
  type AwayPolicy,
  FailoverLimiter,
  InProcessLimiter,
  type Limit,
  type Limiter,
} from '../../src/limit/index.ts'

const MINUTE_US = 60_000_000
const RPM: Limit = { kind: 'sliding', id: 'rpm', counts: 'requests', windowUs: MINUTE_US, amount: 40 }
const BUDGET: Limit = {
  kind: 'calendar',
  id: 'usd',
  counts: 'cost',
  period: 'day',
  timeZone: 'UTC',
  amount: 1_000_000,
}
const LOCAL: AwayPolicy = { rates: 'local', money: 'local' }

/** A shared limiter whose answers can be lost, before or after it has done what was asked. */
class Network {
  way: 'up' | 'down' | 'deaf' = 'up'
  calls = 0
  /** What is told waits for it. */
  gate: Promise<void> = Promise.resolve()
  readonly limiter: Limiter

  constructor(behind: Limiter) {
    this.limiter = new Proxy(behind, {
      get:
        (target, method: keyof Limiter) =>
        async (...args: never[]) => {
          this.calls += 1
          if (method === 'recount') await this.gate
          if (this.way === 'down') throw lost()
          const answer = await (target[method] as (...args: never[]) => Promise<unknown>)(...args)
          if (this.way === 'deaf') throw lost()
          return answer
        },
    })
  }
}

const lost = () => new AtpError('limits_unavailable', { detail: 'no answer' })

describe('limits while the shared limiter is away', () => {
  let clock = new ManualClock()
  let shared: InProcessLimiter
  let network: Network
  let ids = 0

  beforeEach(() => {
    clock = new ManualClock()
    shared = new InProcessLimiter({ nowUs, native: typescriptNative })
    network = new Network(shared)
  })

  const nowUs = () => 1_000 * clock.now()

  function replica(policy: AwayPolicy = LOCAL, replicas: number | (() => number) = 4): FailoverLimiter {
    return new FailoverLimiter({
      shared: network.limiter,
      local: new InProcessLimiter({ nowUs, native: typescriptNative, guarded: false }),
      policyOf: () => policy,
      replicas: () => (typeof replicas === 'number' ? replicas : replicas()),
      now: () => clock.monotonic(),
      newId: () => `batch ${++ids}`,
    })
  }

  function request(limits: readonly Limit[], of: Partial<Admission> = {}): Admission {
    const estimate = { tokens: 0, cost: 0 }
    return { tenant: 't', reservation: `r${++ids}`, limits, estimate, requests: 1, leaseMs: 600_000, ...of }
  }

  async function back(limiter: FailoverLimiter): Promise<void> {
    network.way = 'up'
    for (let time = 0; time < 3; time += 1) {
      clock.advance(10_000)
      await limiter.probe()
    }
  }

  const counted = async (limit: Limit): Promise<readonly number[]> => {
    const verdict = await shared.admit(request([{ ...limit, shadow: true }], { requests: 0 }))
    if (verdict.kind === 'stale') throw new Error('stale')
    return verdict.levels.flatMap(({ used, reserved }) => [used, reserved])
  }

  it('are decided by each replica alone, by its share, and at least one', async () => {
    network.way = 'down'
    const limiter = replica()
    const kinds: string[] = []
    for (let k = 0; k < 11; k += 1) kinds.push((await limiter.admit(request([RPM]))).kind)
    expect(kinds.filter(kind => kind === 'admitted')).toHaveLength(10)
    const few = { ...RPM, id: 'few', amount: 2 }
    expect((await limiter.admit(request([few]))).kind).toBe('admitted')
    expect((await limiter.admit(request([few]))).kind).toBe('denied')
    expect((await limiter.admit(request([{ ...few, id: 'none', amount: 0 }]))).kind).toBe('denied')
  })

  it('give a replica no larger share because others are not heard of during the outage', async () => {
    let known = 4
    const limiter = replica(LOCAL, () => known)
    const bucket: Limit = { ...RPM, kind: 'bucket', id: 'bucket', burst: RPM.amount }
    const flood = async () => {
      let admitted = 0
      for (let k = 0; k < 100; k += 1) {
        if ((await limiter.admit(request([RPM, bucket]))).kind === 'admitted') admitted += 1
      }
      return admitted
    }
    network.way = 'down'
    expect(await flood()).toBe(10)
    known = 1
    expect(await flood()).toBe(0)
    await back(limiter)
    expect(await flood()).toBe(30)
    network.way = 'down'
    expect(await flood()).toBeGreaterThan(10)
  })

  it('admit from the share of a bucket that is refilled over a day', async () => {
    network.way = 'down'
    const day = { windowUs: 1_440 * MINUTE_US, amount: 10_000_000, burst: 10_000_000 }
    const limits: Limit[] = [{ kind: 'bucket', id: 'tpd', counts: 'tokens', ...day }]
    const limiter = replica(LOCAL, 3)
    const ask = (tokens: number) => limiter.admit(request(limits, { estimate: { tokens, cost: 0 } }))
    expect((await ask(3_333_333)).kind).toBe('admitted')
    expect((await ask(1)).kind).toBe('denied')
    clock.advance(28_800_000)
    expect((await ask(1_111_111)).kind).toBe('admitted')
    expect((await ask(1)).kind).toBe('denied')
  })

  it('admit no more than twice the limit in a window that touches the outage', async () => {
    const hourly = { ...RPM, windowUs: 60 * MINUTE_US }
    const replicas = Array.from({ length: 4 }, () => replica())
    let admitted = 0
    const flood = async () => {
      for (let k = 0; k < 100; k += 1) {
        const verdicts = await Promise.all(replicas.map(limiter => limiter.admit(request([hourly]))))
        admitted += verdicts.filter(({ kind }) => kind === 'admitted').length
      }
    }
    await flood()
    expect(admitted).toBe(hourly.amount)
    network.way = 'down'
    await flood()
    expect(admitted).toBeGreaterThan(hourly.amount)
    for (const limiter of replicas) await back(limiter)
    await flood()
    expect(admitted).toBeLessThanOrEqual(2 * hourly.amount)
  })

  it('are refused where the tenant says so, and money is by default', async () => {
    network.way = 'down'
    const money = { rates: 'local', money: 'closed' } as const
    const refusal = { code: 'limits_unavailable', status: 503 }
    await expect(replica(money).admit(request([RPM, BUDGET]))).rejects.toMatchObject(refusal)
    await expect(replica({ ...money, rates: 'closed' }).admit(request([RPM]))).rejects.toMatchObject(refusal)
    expect((await replica(money).admit(request([RPM, { ...BUDGET, shadow: true }]))).kind).toBe('admitted')
  })

  it('trip after three failures, so that no request asks again before it is time', async () => {
    network.way = 'down'
    const limiter = replica()
    for (let k = 0; k < 20; k += 1) await limiter.admit(request([RPM]))
    expect(network.calls).toBe(3)
    expect(limiter.state()).toMatchObject({ decides: 'away' })
    clock.advance(500)
    for (let k = 0; k < 20; k += 1) await limiter.admit(request([RPM]))
    expect(network.calls).toBe(4)
  })

  it('are shared on where only heartbeats are late, which thousands of are together', async () => {
    const limiter = replica()
    const tokens: Limit = { ...RPM, id: 'tpm', counts: 'tokens' }
    const asked = request([tokens], { estimate: { tokens: 1, cost: 0 } })
    await limiter.admit(asked)
    network.way = 'down'
    for (let k = 0; k < 20; k += 1) {
      expect(await limiter.renew('t', asked.reservation, 1_000)).toBe(true)
    }
    expect(limiter.state()).toEqual({ decides: 'shared', backlog: 0 })
    network.way = 'up'
    expect(await limiter.renew('t', 'gone', 1_000)).toBe(false)
  })

  it('are shared again when it is back and knows what was admitted meanwhile', async () => {
    const limiter = replica()
    network.way = 'down'
    for (let k = 0; k < 7; k += 1) await limiter.admit(request([RPM]))
    expect(limiter.state().backlog).toBe(1)
    await back(limiter)
    expect(limiter.state()).toEqual({ decides: 'shared', backlog: 0 })
    expect(await counted(RPM)).toEqual([7, 0])
  })

  it('give nothing of a reservation away that was refused because its answer was lost', async () => {
    await shared.rebuild('t', [])
    network.way = 'deaf'
    const limiter = replica({ rates: 'closed', money: 'closed' })
    await expect(limiter.admit(request([BUDGET], { estimate: { tokens: 0, cost: 500 } }))).rejects.toThrow()
    expect(await counted(BUDGET)).toEqual([0, 500])
    await back(limiter)
    expect(await counted(BUDGET)).toEqual([0, 0])
  })

  it('defer a settlement that cannot be told', async () => {
    await shared.rebuild('t', [])
    const limiter = replica()
    const asked = request([BUDGET], { estimate: { tokens: 0, cost: 500 } })
    await limiter.admit(asked)
    network.way = 'down'
    expect(await limiter.settle('t', asked.reservation, { tokens: 0, cost: 70 })).toBe('deferred')
    expect(await limiter.renew('t', asked.reservation, 1_000)).toBe(true)
    await back(limiter)
    expect(await counted(BUDGET)).toEqual([70, 0])
  })

  it('count a request once that is settled while others are told', async () => {
    const limiter = replica(LOCAL, 1)
    const tokens: Limit = { ...RPM, id: 'tpm', counts: 'tokens', amount: 1_000_000 }
    const asked = Array.from({ length: 200 }, () => request([tokens], { estimate: { tokens: 10, cost: 0 } }))
    network.way = 'down'
    for (const each of asked) await limiter.admit(each)
    network.way = 'up'
    const gate = Promise.withResolvers<void>()
    network.gate = gate.promise
    clock.advance(10_000)
    const told = limiter.probe()
    await expect.poll(() => network.calls).toBeGreaterThan(60)
    const last = asked.at(-1) as Admission
    await limiter.settle('t', last.reservation, { tokens: 10, cost: 0 })
    gate.resolve()
    await told
    expect(limiter.state()).toEqual({ decides: 'shared', backlog: 0 })
    expect(await counted(tokens)).toEqual([10, 10 * (asked.length - 1)])
  })

  it('pass on what is wrong with the question', async () => {
    await expect(replica().admit(request([RPM, RPM]))).rejects.toMatchObject({ code: 'invalid_argument' })
  })

  it('come back although it refuses for good to count something', async () => {
    const limiter = replica()
    network.way = 'down'
    const most = { tokens: AMOUNT_MAX, cost: 0 }
    const huge: Limit = { ...RPM, id: 'tpm', counts: 'tokens', amount: AMOUNT_MAX, shadow: true }
    for (const estimate of [most, most]) {
      await limiter.admit(request([huge], { estimate })).catch(() => undefined)
      await limiter.admit(request([{ ...huge, id: 'tpm 2' }, RPM], { estimate })).catch(() => undefined)
    }
    await shared.recount(request([huge], { estimate: most, leaseMs: 0 }))
    await back(limiter)
    expect(limiter.state()).toEqual({ decides: 'shared', backlog: 0 })
    expect(await counted(RPM)).toEqual([1, 0])
  })

  it('count every request and every cent once, through outages at any moment', async () => {
    const step = fc.record({
      way: fc.constantFrom('up' as const, 'up' as const, 'down' as const, 'deaf' as const),
      act: fc.constantFrom('admit' as const, 'admit' as const, 'settle' as const, 'wait' as const),
      cost: fc.nat(500),
      which: fc.nat(9),
    })
    const property = fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
      clock = new ManualClock()
      shared = new InProcessLimiter({ nowUs, native: typescriptNative })
      await shared.rebuild('t', [])
      network = new Network(shared)
      const limiter = replica()
      const live = new Map<string, number>()
      let spent = 0
      for (const { way, act, cost, which } of steps) {
        network.way = way
        const known = [...live.keys()][which % Math.max(1, live.size)]
        if (act === 'wait') clock.advance(700)
        else if (act === 'admit') {
          const asked = request([BUDGET], { estimate: { tokens: 0, cost } })
          if ((await limiter.admit(asked)).kind === 'admitted') live.set(asked.reservation, cost)
        } else if (known !== undefined) {
          await limiter.settle('t', known, { tokens: 0, cost: 2 * cost })
          live.delete(known)
          spent += 2 * cost
        }
      }
      await back(limiter)
      const reserved = [...live.values()].reduce((sum, cost) => sum + cost, 0)
      expect(limiter.state()).toEqual({ decides: 'shared', backlog: 0 })
      expect(await counted(BUDGET)).toEqual([spent, reserved])
    })
    await fc.assert(property, { numRuns: 300 })
  })
})
