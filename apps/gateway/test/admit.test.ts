import { ManualClock } from '@atp/core/clock'
import { AtpError } from '@atp/core/errors'
import type { ArmId, DecisionId } from '@atp/core/ids'
import { SeededRandom } from '@atp/core/random'
import { type Admission, InProcessLimiter, type Limiter } from '@atp/domain/limit'
import { type Arm, type Candidate, OutputLengths } from '@atp/domain/routing'
import type { LimitDefinition, Tenant } from '@atp/domain/tenant'
import { typescriptNative } from '@atp/native'
import { beforeEach, describe, expect, it } from 'vitest'
import { Admitter } from '../src/corridor/admit.ts'
import type { Walk } from '../src/corridor/exchange.ts'
import { type Reservation, UNLIMITED } from '../src/corridor/reservation.ts'
import { Denials } from '../src/limits/denials.ts'
import { Heartbeat } from '../src/limits/heartbeat.ts'
import { KEY, tenantOf } from './limits/limit-reports.ts'

const USAGE = { inputTokens: 10, outputTokens: 5, estimated: false }
const rpm = { id: 'rpm', scope: 'tenant', counts: 'requests', per: '1m', amount: 1 } as const
const daily = { id: 'usd', scope: 'tenant', counts: 'cost_usd', per: 'day', amount: 0.001 } as const
const candidate = { outputLimit: null, estimate: { outputTokens: 100 } } as unknown as Candidate

let clock: ManualClock
let asked: Admission[]
let limiter: Limiter
let heartbeat: Heartbeat
let verdicts: string[]
let admitter: Admitter
let rebuilt: number
let present: Tenant | undefined
let ids: number

beforeEach(() => {
  clock = new ManualClock()
  asked = []
  verdicts = []
  rebuilt = 0
  present = undefined
  ids = 0
  limiter = new InProcessLimiter({
    nowUs: () => 1_000 * clock.now(),
    native: typescriptNative,
    guarded: false,
  })
  heartbeat = new Heartbeat({ limiter, leaseMs: 60_000, now: () => clock.monotonic() })
  admitter = admitterOf()
})

function admitterOf(): Admitter {
  return new Admitter({
    limiter: new Proxy(limiter, {
      get: (target, method: keyof Limiter) =>
        method === 'admit'
          ? (admission: Admission) => {
              asked.push(admission)
              return target.admit(admission)
            }
          : (target[method] as () => unknown).bind(target),
    }),
    history: {
      rebuild: async () => {
        rebuilt += 1
      },
    },
    quotas: { settled: () => null },
    tenant: () => present,
    calls: {
      admitted: () => undefined,
      settle: (...told) => limiter.settle(...told),
      recount: admission => limiter.recount(admission),
    },
    heartbeat,
    denials: new Denials(),
    lengths: new OutputLengths(typescriptNative, Number.POSITIVE_INFINITY),
    pacers: { told: () => undefined },
    clock,
    random: new SeededRandom(1),
    leaseMs: 60_000,
    metrics: { admission: verdict => verdicts.push(verdict) },
    warn: () => undefined,
  })
}

/** At the arm's own price. */
async function admit(walk: Walk, arm: Arm): Promise<Reservation | AtpError> {
  return admitter.admit(walk, { ...candidate, price: arm.price }, arm)
}

function armOf(model: string, usdPerMtok = 1): Arm {
  const price = { inputUsdPerMtok: usdPerMtok, outputUsdPerMtok: usdPerMtok }
  return { id: `up/${model}` as ArmId, model, price, maxOutputTokens: 4_000 } as Arm
}

function walkOf(limits: readonly LimitDefinition[], settings: Partial<Tenant> = {}): Walk {
  ids += 1
  const tenant = known.get(limits) ?? tenantOf(limits, settings)
  known.set(limits, tenant)
  return {
    exchange: { id: `d${ids}` as DecisionId, caller: { tenant, key: KEY }, tenant: tenant.id },
    request: { inputBytes: 30, choices: 1 },
    spent: {},
    isCounted: false,
    levels: [],
  } as unknown as Walk
}
const known = new Map<readonly LimitDefinition[], Tenant>()

async function held(walk: Walk, arm = armOf('small')): Promise<Reservation> {
  const reservation = await admit(walk, arm)
  if (reservation instanceof AtpError) throw reservation
  return reservation
}

describe('the admission of a call', () => {
  it('waits for nothing where the tenant has no limits', async () => {
    const walk = walkOf([])
    // Not even for a turn of the event loop.
    expect(admitter.admit(walk, candidate, armOf('small'))).toBe(UNLIMITED)
    expect([walk.levels, asked, verdicts]).toEqual([[], [], []])
  })

  it('reserves, is renewed, and is settled; the answer says what is left', async () => {
    const limits = [daily]
    const walk = walkOf(limits)
    const reservation = await held(walk)
    expect(heartbeat.size).toBe(1)
    expect(walk.levels[0]).toMatchObject({ used: 0, reserved: 310, remaining: 690 })
    await reservation.settle(USAGE)
    expect(heartbeat.size).toBe(0)
    const next = walkOf(limits)
    await held(next)
    expect(next.levels[0]).toMatchObject({ used: 15, reserved: 310 })
    expect(verdicts).toEqual(['admitted', 'admitted'])
  })

  it('reserves and settles at the price that held when it was decided, not at the configured one', async () => {
    const limits = [daily]
    const price = { inputUsdPerMtok: 2, outputUsdPerMtok: 2 }
    const walk = walkOf(limits)
    const reservation = (await admitter.admit(walk, { ...candidate, price }, armOf('small'))) as Reservation
    expect(walk.levels[0]).toMatchObject({ reserved: 2 * 310 })
    await reservation.settle(USAGE)
    const next = walkOf(limits)
    await held(next)
    expect(next.levels[0]).toMatchObject({ used: 2 * 15, reserved: 310 })
  })

  it('counts a request once, whatever is tried, each try under a name of its own', async () => {
    const walk = walkOf([rpm, daily])
    await (await held(walk)).settle(null)
    await (await held(walk, armOf('large'))).settle(null)
    expect(asked.map(({ requests }) => requests)).toEqual([1, 0])
    expect(new Set(asked.map(({ reservation }) => reservation)).size).toBe(2)
  })

  it('gives a refusal a name of its own, too: what is told of it must not touch what is admitted next', async () => {
    const walk = walkOf([daily])
    expect(await admit(walk, armOf('dear', 1_000))).toBeInstanceOf(AtpError)
    await held(walk, armOf('cheap'))
    expect(new Set(asked.map(({ reservation }) => reservation)).size).toBe(2)
  })

  it('that money refuses lets another model be tried, that a rate refuses does not', async () => {
    const error = await admit(walkOf([daily]), armOf('dear', 1_000))
    expect(error).toMatchObject({ code: 'quota_exceeded' })
    const limits = [rpm]
    await held(walkOf(limits))
    await expect(admit(walkOf(limits), armOf('small'))).rejects.toMatchObject({
      code: 'rate_limit_exceeded',
    })
    expect(verdicts).toEqual(['denied', 'admitted', 'denied'])
  })

  it('asks about no other model where a quota is spent to the last, but about one that costs nothing', async () => {
    const walk = walkOf([{ ...daily, amount: 0 }])
    const refused = await admit(walk, armOf('small'))
    expect(refused).toMatchObject({ code: 'quota_exceeded' })
    expect(await admit(walk, armOf('large'))).toBe(refused)
    expect(asked).toHaveLength(1)
    await held(walk, armOf('free', 0))
    expect(asked).toHaveLength(2)
  })

  it('asks about a quota that is settled to the last once a second, but for what costs nothing', async () => {
    const limits = [daily]
    const first = await held(walkOf(limits))
    await first.settle({ inputTokens: 500, outputTokens: 500, estimated: false })
    const refuse = () => admit(walkOf(limits), armOf('small'))
    expect(await refuse()).toMatchObject({ code: 'quota_exceeded' })
    const before = asked.length
    expect(await refuse()).toMatchObject({ code: 'quota_exceeded' })
    expect(asked).toHaveLength(before)
    await held(walkOf(limits), armOf('free', 0))
    clock.advance(1_000)
    await refuse()
    expect(asked).toHaveLength(before + 2)
  })

  it('asks each time where a settlement may still give something back', async () => {
    const limits = [{ ...daily, amount: 0.00031 }]
    const first = await held(walkOf(limits))
    const next = () => admit(walkOf(limits), armOf('small'))
    expect(await next()).toBeInstanceOf(AtpError)
    await first.settle(null)
    expect(await next()).not.toBeInstanceOf(AtpError)
  })

  it('refuses a flood without asking again, until a second has gone', async () => {
    const limits = [rpm]
    const { exchange } = walkOf(limits)
    expect(() => admitter.refuseFlood(exchange)).not.toThrow()
    await held(walkOf(limits))
    await expect(admit(walkOf(limits), armOf('small'))).rejects.toThrow('no room')
    const before = asked.length
    expect(() => admitter.refuseFlood(exchange)).toThrow('no room')
    expect(asked).toHaveLength(before)
    clock.advance(1_000)
    expect(() => admitter.refuseFlood(exchange)).not.toThrow()
  })

  it('reserves what is left where answers are cut at a hard quota', async () => {
    const cut = walkOf([{ ...daily, amount: 0.0001 }], { cutAtHardQuota: true })
    const reservation = await held(cut)
    expect(reservation.outputLimit).toBe(70)
    expect(cut.levels[0]).toMatchObject({ reserved: 100, remaining: 0 })
  })

  it('in shadow refuses nobody, and says that it would have', async () => {
    const limits = [{ ...rpm, shadow: true }]
    await held(walkOf(limits))
    await held(walkOf(limits))
    expect(verdicts).toEqual(['admitted', 'shadow_denied'])
  })

  it('sums up what was spent where the counters were lost, and asks again', async () => {
    let lost = true
    limiter = new Proxy(limiter, {
      get: (target, method: keyof Limiter) =>
        method === 'admit'
          ? async (admission: Admission) => (lost ? { kind: 'stale' } : target.admit(admission))
          : (target[method] as () => unknown).bind(target),
    })
    admitter = admitterOf()
    await expect(admit(walkOf([daily]), armOf('small'))).rejects.toMatchObject({
      code: 'limits_unavailable',
      retryAfterMs: 1_000,
    })
    expect(rebuilt).toBe(1)
    lost = false
    await held(walkOf([daily]))
    expect(rebuilt).toBe(1)
  })

  it('is decided by the limits that hold then, not by those that held when the request came', async () => {
    const walk = walkOf([daily])
    present = tenantOf([{ ...daily, id: 'another' }])
    const stale = limiter
    limiter = new Proxy(stale, {
      get: (target, method: keyof Limiter) =>
        method === 'admit'
          ? async (admission: Admission) => {
              if (asked.length > 1) return target.admit(admission)
              // While the counters are summed up it is given other limits again.
              present = tenantOf([{ ...daily, id: 'latest' }])
              return { kind: 'stale' }
            }
          : (target[method] as () => unknown).bind(target),
    })
    admitter = admitterOf()
    await held(walk)
    expect(asked.map(({ limits }) => limits.map(({ id }) => id))).toEqual([
      ['tenant/another'],
      ['tenant/latest'],
    ])
  })
})
