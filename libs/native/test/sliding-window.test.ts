import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { NativeModule } from '../src/index.ts'
import { describeEach } from './implementations.ts'

interface Event {
  readonly at: number
  readonly amount: number
}

/** What `admitted` events weigh in the half-open interval (now - length, now]. */
function weigh(admitted: readonly Event[], now: number, length: number): number {
  return admitted.reduce((sum, event) => (event.at > now - length ? sum + event.amount : sum), 0)
}

/** Replays a trace and compares each verdict with exact windows fed with the events that ours admitted. */
function checkTrace(native: NativeModule, windowUs: number, limit: number, trace: readonly Event[]): void {
  const window = native.createSlidingWindow(windowUs, limit)
  const admitted: Event[] = []
  let now = 0
  for (const { at, amount } of trace) {
    now = Math.max(now, at)
    const least = weigh(admitted, now, windowUs)
    const most = weigh(admitted, now, windowUs * (1 + 1 / 64))
    const used = window.used(at)
    expect(used).toBeGreaterThanOrEqual(least)
    expect(used).toBeLessThanOrEqual(most)
    const wait = window.retryAfterUs(at, amount)
    const verdict = window.tryAcquire(at, amount)
    expect(wait === 0).toBe(verdict)
    if (verdict) expect(least + amount, 'never above the limit').toBeLessThanOrEqual(limit)
    else expect(most + amount, 'never below what the longer window admits').toBeGreaterThan(limit)
    if (verdict) admitted.push({ at: now, amount })
  }
}

describeEach('a sliding window', native => {
  it('keeps to the exact window on one side and to one longer by 1/64 on the other, over any trace', () => {
    const trace = fc.array(
      fc.record({
        step: fc.oneof(fc.nat(3), fc.nat(40), fc.nat(3_000)),
        amount: fc.oneof(fc.nat(2), fc.nat(12)),
      }),
      { maxLength: 120 },
    )
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2_000 }),
        fc.integer({ min: 0, max: 20 }),
        trace,
        (width, limit, steps) => {
          let at = 1_700_000_000_000_000
          const events = steps.map(({ step, amount }) => {
            at += step
            return { at, amount }
          })
          checkTrace(native, width, limit, events)
        },
      ),
      { numRuns: 150 },
    )
  })

  it('frees an event after W and before W * (1 + 1/64) is over, whatever its phase, to the microsecond', () => {
    for (let windowUs = 1; windowUs <= 260; windowUs += 1) {
      for (let at = 0; at < 6; at += 1) {
        const window = native.createSlidingWindow(windowUs, 1)
        expect(window.tryAcquire(at, 1)).toBe(true)
        expect(window.tryAcquire(at + windowUs - 1, 1), `W ${windowUs}, event at ${at}`).toBe(false)
        expect(
          window.tryAcquire(at + Math.ceil((65 * windowUs) / 64), 1),
          `W ${windowUs}, event at ${at}`,
        ).toBe(true)
      }
    }
  })

  it('holds when the clock goes back', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ at: fc.nat(5_000), amount: fc.nat(5) }), { maxLength: 80 }), trace => {
        checkTrace(native, 1_000, 10, trace)
      }),
      { numRuns: 100 },
    )
  })

  it('admits again after exactly what retryAfterUs says, and not a microsecond before', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        fc.array(fc.nat(900), { minLength: 5, maxLength: 60 }),
        fc.integer({ min: 1, max: 10 }),
        (width, steps, amount) => {
          const window = native.createSlidingWindow(width, 10)
          let now = 5_000_000
          for (const step of steps) {
            now += step
            window.tryAcquire(now, 3)
          }
          const wait = window.retryAfterUs(now, amount)
          if (wait > 1) expect(window.tryAcquire(now + wait - 1, amount)).toBe(false)
          expect(window.tryAcquire(now + wait, amount)).toBe(true)
        },
      ),
      { numRuns: 200 },
    )
  })

  it('refuses for ever what is more than the limit, and counts nothing', () => {
    const window = native.createSlidingWindow(1_000, 10)
    expect(window.tryAcquire(0, 11)).toBe(false)
    expect(window.retryAfterUs(0, 11)).toBe(Number.POSITIVE_INFINITY)
    expect(window.used(0)).toBe(0)
    expect(window.tryAcquire(0, 10)).toBe(true)
  })

  it('is exact in money: limits up to 2^53 - 1', () => {
    const window = native.createSlidingWindow(86_400_000_000, Number.MAX_SAFE_INTEGER)
    expect(window.tryAcquire(1, Number.MAX_SAFE_INTEGER - 1)).toBe(true)
    expect(window.tryAcquire(2, 2)).toBe(false)
    expect(window.tryAcquire(3, 1)).toBe(true)
    expect(window.used(3)).toBe(Number.MAX_SAFE_INTEGER)
  })

  const illegal: readonly (readonly [what: string, call: () => unknown])[] = [
    ['a window of 0', () => native.createSlidingWindow(0, 1)],
    ['a window of half a microsecond', () => native.createSlidingWindow(0.5, 1)],
    ['a negative limit', () => native.createSlidingWindow(1, -1)],
    ['a limit of NaN', () => native.createSlidingWindow(1, Number.NaN)],
    ['a fractional time', () => native.createSlidingWindow(1, 1).tryAcquire(0.5, 1)],
    ['a negative time', () => native.createSlidingWindow(1, 1).used(-1)],
    ['an infinite time', () => native.createSlidingWindow(1, 1).used(Number.POSITIVE_INFINITY)],
    ['a negative amount', () => native.createSlidingWindow(1, 1).tryAcquire(0, -1)],
    ['an amount of NaN', () => native.createSlidingWindow(1, 1).retryAfterUs(0, Number.NaN)],
  ]
  it.each(illegal)('refuses %s', (_, call) => {
    expect(call).toThrow(RangeError)
  })
})
