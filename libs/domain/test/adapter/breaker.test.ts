import { SeededRandom } from '@atp/core/random'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type BreakerOptions, CircuitBreaker, type Permit } from '../../src/adapter/index.ts'

const OPTIONS: BreakerOptions = {
  failureThreshold: 3,
  cooldownMs: 100,
  maxCooldownMs: 400,
  maxRetryAfterMs: 1_000,
  probeLeaseMs: 50,
}

function permitOf(breaker: CircuitBreaker, now: number): Permit {
  const permit = breaker.tryAcquire(now)
  if (permit === null) throw new Error(`nothing is let through at ${now}`)
  return permit
}

function fail(breaker: CircuitBreaker, times: number, now: number): void {
  for (let failure = 0; failure < times; failure += 1) breaker.onFailure(permitOf(breaker, now), now)
}

function opened(): CircuitBreaker {
  const breaker = new CircuitBreaker(OPTIONS)
  fail(breaker, 3, 0)
  return breaker
}

const RATE = { share: 0.5, fewestCalls: 10, windowMs: 1_000 }

describe('a circuit breaker with a rate of failures', () => {
  const flaky = () => new CircuitBreaker({ ...OPTIONS, failureRate: RATE })
  /** Successes and failures in turn, one each 10 ms. @returns when the last one came */
  const takeTurns = (breaker: CircuitBreaker, pairs: number, from: number): number => {
    let now = from
    for (let pair = 0; pair < pairs && breaker.isClosed; pair += 1) {
      breaker.onSuccess(permitOf(breaker, now), now)
      breaker.onFailure(permitOf(breaker, now), now)
      now += 10
    }
    return now
  }

  it('opens where so many of enough calls failed, though never two in a row', () => {
    const breaker = flaky()
    const now = takeTurns(breaker, 4, 0)
    expect(breaker.isClosed).toBe(true)
    takeTurns(breaker, 1, now)
    expect(breaker.isClosed).toBe(false)
    const patient = new CircuitBreaker(OPTIONS)
    takeTurns(patient, 100, 0)
    expect(patient.isClosed).toBe(true)
  })

  it('forgets what its window has left behind, and all of it when it opens', () => {
    const breaker = flaky()
    takeTurns(breaker, 4, 0)
    expect(breaker.isClosed).toBe(true)
    takeTurns(breaker, 4, 2_000)
    expect(breaker.isClosed).toBe(true)
    const now = takeTurns(breaker, 1, 2_100)
    expect(breaker.isClosed).toBe(false)
    breaker.onSuccess(permitOf(breaker, now + 100), now + 100)
    takeTurns(breaker, 4, now + 100)
    expect(breaker.isClosed).toBe(true)
  })

  it('never opens by the rate below its share of any calls', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ fails: fc.boolean(), after: fc.integer({ min: 0, max: 300 }) })),
        calls => {
          const breaker = new CircuitBreaker({ ...OPTIONS, failureThreshold: 1_000, failureRate: RATE })
          const told: { fails: boolean; at: number }[] = []
          let now = 0
          for (const { fails, after } of calls) {
            now += after
            const permit = permitOf(breaker, now)
            told.push({ fails, at: now })
            if (fails) breaker.onFailure(permit, now)
            else breaker.onSuccess(permit, now)
            if (breaker.isClosed) continue
            // The window is between nine and ten tenths long.
            const rates = [0.9, 1].map(length => {
              const seen = told.filter(({ at }) => at > now - RATE.windowMs * length)
              return { calls: seen.length, failed: seen.filter(call => call.fails).length }
            })
            const [short, long] = rates as [
              { calls: number; failed: number },
              { calls: number; failed: number },
            ]
            expect(long.calls).toBeGreaterThanOrEqual(RATE.fewestCalls)
            expect(long.failed / short.calls).toBeGreaterThanOrEqual(RATE.share)
            return
          }
        },
      ),
    )
  })

  it.each([{ share: 0 }, { share: 2 }, { fewestCalls: 0 }, { windowMs: Number.NaN }])('refuses %o', wrong => {
    expect(() => new CircuitBreaker({ ...OPTIONS, failureRate: { ...RATE, ...wrong } })).toThrow(
      expect.objectContaining({ code: 'invalid_argument' }),
    )
  })
})

describe('the jitter of a cooldown', () => {
  it('spreads the probes of replicas over a share of it to both sides', () => {
    const random = new SeededRandom(7)
    const ends = Array.from({ length: 200 }, () => {
      const breaker = new CircuitBreaker({ ...OPTIONS, jitter: 0.2 }, random)
      fail(breaker, 3, 0)
      let now = 0
      while (!breaker.isCandidate(now)) now += 1
      return now
    })
    expect(Math.min(...ends)).toBeGreaterThanOrEqual(80)
    expect(Math.min(...ends)).toBeLessThan(85)
    expect(Math.max(...ends)).toBeLessThanOrEqual(120)
    expect(Math.max(...ends)).toBeGreaterThan(115)
  })

  it('never shortens what an upstream asked for', () => {
    const breaker = new CircuitBreaker({ ...OPTIONS, jitter: 0.9 }, { uint32: () => 0 })
    breaker.onRateLimited(permitOf(breaker, 0), 0, 700)
    expect(breaker.isCandidate(699)).toBe(false)
  })

  it.each([-0.1, 1, Number.NaN])('refuses %d', jitter => {
    expect(() => new CircuitBreaker({ ...OPTIONS, jitter })).toThrow(
      expect.objectContaining({ code: 'invalid_argument' }),
    )
  })
})

describe('a circuit breaker', () => {
  it('opens after so many failures in a row', () => {
    const breaker = new CircuitBreaker(OPTIONS)
    fail(breaker, 2, 0)
    expect(breaker.state(0)).toBe('closed')
    fail(breaker, 1, 0)
    expect(breaker.state(0)).toBe('open')
    expect(breaker.isCandidate(99)).toBe(false)
    expect(breaker.tryAcquire(99)).toBeNull()
  })

  it('starts counting again after a success', () => {
    const breaker = new CircuitBreaker(OPTIONS)
    fail(breaker, 2, 0)
    breaker.onSuccess(permitOf(breaker, 0), 0)
    fail(breaker, 2, 0)
    expect(breaker.state(0)).toBe('closed')
  })

  it('lets exactly one probe through when the cooldown is over', () => {
    const breaker = opened()
    expect(breaker.state(100)).toBe('half_open')
    expect(breaker.isCandidate(100)).toBe(true)
    permitOf(breaker, 100)
    expect(breaker.isCandidate(100)).toBe(false)
    expect(breaker.tryAcquire(100)).toBeNull()
  })

  it('closes on a probe that succeeds', () => {
    const breaker = opened()
    breaker.onSuccess(permitOf(breaker, 100), 100)
    expect(breaker.state(100)).toBe('closed')
    expect(breaker.isClosed).toBe(true)
  })

  it('doubles the cooldown with each probe that fails, up to its cap, and starts anew after a success', () => {
    const breaker = opened()
    let now = 100
    for (const cooldown of [200, 400, 400]) {
      breaker.onFailure(permitOf(breaker, now), now)
      expect(breaker.state(now + cooldown - 1)).toBe('open')
      now += cooldown
      expect(breaker.state(now)).toBe('half_open')
    }
    breaker.onSuccess(permitOf(breaker, now), now)
    fail(breaker, 3, now)
    expect(breaker.state(now + 100)).toBe('half_open')
  })

  it('opens for as long as a rate-limited upstream asks, up to its cap', () => {
    const breaker = new CircuitBreaker(OPTIONS)
    breaker.onRateLimited(permitOf(breaker, 0), 0, 700)
    expect(breaker.state(699)).toBe('open')
    expect(breaker.state(700)).toBe('half_open')
    breaker.onRateLimited(permitOf(breaker, 700), 700, 86_400_000)
    expect(breaker.state(1_699)).toBe('open')
    expect(breaker.state(1_700)).toBe('half_open')
  })

  it.each([undefined, 0, -1, Number.NaN])('stays closed on a rate limit that asks for %s', retryAfter => {
    const breaker = new CircuitBreaker(OPTIONS)
    for (let call = 0; call < 10; call += 1) breaker.onRateLimited(permitOf(breaker, 0), 0, retryAfter)
    expect(breaker.state(0)).toBe('closed')
  })

  it('lets the next call be the probe where one said nothing', () => {
    const breaker = opened()
    breaker.onNeutral(permitOf(breaker, 100))
    expect(breaker.state(100)).toBe('half_open')
    expect(breaker.isCandidate(100)).toBe(true)
  })

  it('is not locked by a probe that never reports', () => {
    const breaker = opened()
    const lost = permitOf(breaker, 100)
    expect(breaker.isCandidate(149)).toBe(false)
    const next = permitOf(breaker, 150)
    breaker.onFailure(lost, 150)
    expect(breaker.state(150)).toBe('half_open')
    breaker.onSuccess(next, 0)
    expect(breaker.state(150)).toBe('closed')
  })

  it('closes where every answer outlasts the lease of a probe', () => {
    const breaker = opened()
    const first = permitOf(breaker, 100)
    const second = permitOf(breaker, 100 + OPTIONS.probeLeaseMs)
    breaker.onSuccess(first, 0)
    expect(breaker.isClosed).toBe(true)
    breaker.onFailure(second, 1_000)
    expect(breaker.isClosed).toBe(true)
  })

  it('takes no news from calls that began before it opened', () => {
    const breaker = new CircuitBreaker(OPTIONS)
    const slow = permitOf(breaker, 0)
    const slower = permitOf(breaker, 0)
    fail(breaker, 3, 0)
    breaker.onSuccess(slow, 0)
    expect(breaker.state(50)).toBe('open')
    permitOf(breaker, 100)
    breaker.onFailure(slower, 110)
    expect(breaker.state(110)).toBe('half_open')
  })

  it.each(['failureThreshold', 'cooldownMs', 'probeLeaseMs'])('refuses a %s that is not above 0', field => {
    expect(() => new CircuitBreaker({ ...OPTIONS, [field]: 0 })).toThrow(
      expect.objectContaining({ code: 'invalid_argument' }),
    )
  })

  it('does what a naive breaker that remembers every call does', () => {
    fc.assert(
      fc.property(fc.array(EVENT, { maxLength: 80 }), events => {
        const pair = new BreakerPair()
        let now = 0
        for (const { kind, after, which } of events) {
          now += after
          if (kind === 'call') pair.call(now)
          else pair.report(kind, which, now)
        }
      }),
      { numRuns: 500 },
    )
  })
})

const EVENT = fc.record({
  kind: fc.constantFrom<('call' | Ending)[]>(
    'call',
    'call',
    'call',
    'failure',
    'failure',
    'success',
    'neutral',
    'rate_limit',
  ),
  after: fc.constantFrom(0, 1, 49, 50, 100, 200),
  which: fc.nat(20),
})

type Ending = 'success' | 'failure' | 'neutral' | 'rate_limit'

/** Both breakers, told the same and compared after each step. */
class BreakerPair {
  readonly #breaker = new CircuitBreaker(OPTIONS)
  readonly #naive = new NaiveBreaker()
  readonly #calls: { readonly permit: Permit; readonly naive: NaiveCall }[] = []

  call(now: number): void {
    expect(this.#breaker.isCandidate(now)).toBe(this.#naive.wouldAdmit(now))
    const permit = this.#breaker.tryAcquire(now)
    const naive = this.#naive.admit(now)
    expect(permit === null).toBe(naive === null)
    if (permit !== null && naive !== null) this.#calls.push({ permit, naive })
    expect(this.#breaker.state(now)).toBe(this.#naive.state(now))
  }

  report(ending: Ending, which: number, now: number): void {
    const [call] = this.#calls.splice(which % Math.max(1, this.#calls.length), 1)
    if (call === undefined) return
    this.#naive.report(call.naive, ending, now)
    if (ending === 'success') this.#breaker.onSuccess(call.permit, now)
    if (ending === 'failure') this.#breaker.onFailure(call.permit, now)
    if (ending === 'neutral') this.#breaker.onNeutral(call.permit)
    if (ending === 'rate_limit') this.#breaker.onRateLimited(call.permit, now, 150)
    expect(this.#breaker.state(now)).toBe(this.#naive.state(now))
    expect(this.#breaker.isCandidate(now)).toBe(this.#naive.wouldAdmit(now))
  }
}

interface NaiveCall {
  readonly opening: number
  readonly probe: boolean
}

/** Keeps the history of its openings, and says of each report whether it belongs to the last of them. */
class NaiveBreaker {
  readonly #openings: { readonly until: number; closed: boolean }[] = []
  #row: Ending[] = []
  #failedProbes = 0
  #probe: { readonly call: NaiveCall; readonly leaseEnd: number } | null = null

  state(now: number): string {
    const last = this.#openings.at(-1)
    if (last === undefined || last.closed) return 'closed'
    return now < last.until ? 'open' : 'half_open'
  }

  wouldAdmit(now: number): boolean {
    if (this.state(now) !== 'half_open') return this.state(now) === 'closed'
    return this.#probe === null || now >= this.#probe.leaseEnd
  }

  admit(now: number): NaiveCall | null {
    if (!this.wouldAdmit(now)) return null
    const probe = this.state(now) === 'half_open'
    const call = { opening: this.#openings.length, probe }
    if (probe) this.#probe = { call, leaseEnd: now + OPTIONS.probeLeaseMs }
    return call
  }

  report(call: NaiveCall, ending: Ending, now: number): void {
    const last = this.#openings.at(-1)
    const closed = last === undefined || last.closed
    const ofThisPeriod = !call.probe && call.opening === this.#openings.length
    const lateProbe = ending === 'success' && call.probe && call.opening === this.#openings.length
    if (closed ? !ofThisPeriod : this.#probe?.call !== call && !lateProbe) return
    if (ending === 'rate_limit') this.#open(now + 150)
    else if (closed) this.#count(ending, now)
    else this.#settleProbe(ending, now)
  }

  #count(ending: Ending, now: number): void {
    if (ending !== 'neutral') this.#row.push(ending)
    if (this.#row.slice(-3).filter(one => one === 'failure').length === 3) this.#open(now + 100)
  }

  #settleProbe(ending: Ending, now: number): void {
    this.#probe = null
    const last = this.#openings.at(-1)
    if (ending === 'failure') {
      this.#failedProbes += 1
      this.#open(now + Math.min(100 * 2 ** this.#failedProbes, 400))
    }
    if (ending === 'success' && last !== undefined) {
      last.closed = true
      this.#failedProbes = 0
    }
  }

  #open(until: number): void {
    this.#openings.push({ until, closed: false })
    this.#row = []
    this.#probe = null
  }
}
