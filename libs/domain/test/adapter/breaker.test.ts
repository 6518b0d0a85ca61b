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
    breaker.onSuccess(permitOf(breaker, 0))
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
    breaker.onSuccess(permitOf(breaker, 100))
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
    breaker.onSuccess(permitOf(breaker, now))
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
    breaker.onSuccess(next)
    expect(breaker.state(150)).toBe('closed')
  })

  it('closes where every answer outlasts the lease of a probe', () => {
    const breaker = opened()
    const first = permitOf(breaker, 100)
    const second = permitOf(breaker, 100 + OPTIONS.probeLeaseMs)
    breaker.onSuccess(first)
    expect(breaker.isClosed).toBe(true)
    breaker.onFailure(second, 1_000)
    expect(breaker.isClosed).toBe(true)
  })

  it('takes no news from calls that began before it opened', () => {
    const breaker = new CircuitBreaker(OPTIONS)
    const slow = permitOf(breaker, 0)
    const slower = permitOf(breaker, 0)
    fail(breaker, 3, 0)
    breaker.onSuccess(slow)
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
    if (ending === 'success') this.#breaker.onSuccess(call.permit)
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
