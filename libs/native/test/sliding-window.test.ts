import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { NativeModule } from '../src/index.ts'
import { describeEach } from './implementations.ts'

interface Event {
  readonly at: number
  readonly amount: number
}

/** What `added` events weigh in the half-open interval (now - length, now]. */
function weigh(added: readonly Event[], now: number, length: number): number {
  return added.reduce((sum, event) => (event.at > now - length ? sum + event.amount : sum), 0)
}

/** Replays a trace and compares each count with the exact windows of the stated error. */
function checkTrace(native: NativeModule, windowUs: number, trace: readonly Event[]): void {
  const window = native.createSlidingWindow(windowUs)
  const added: Event[] = []
  let now = 0
  for (const { at, amount } of trace) {
    now = Math.max(now, at)
    const count = window.count(now)
    expect(count, 'all of the window').toBeGreaterThanOrEqual(weigh(added, now, windowUs))
    expect(count, 'nothing older than W * (1 + 1/64)').toBeLessThanOrEqual(
      weigh(added, now, (65 / 64) * windowUs),
    )
    added.push({ at: now, amount })
    expect(window.add(at, amount)).toBe(window.count(now))
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
    const property = fc.property(fc.integer({ min: 1, max: 2_000 }), trace, (width, steps) => {
      let at = 1_700_000_000_000_000
      const events = steps.map(({ step, amount }) => {
        at += step
        return { at, amount }
      })
      checkTrace(native, width, events)
    })
    fc.assert(property, { numRuns: 150 })
  })

  it('frees an event after W and before W * (1 + 1/64) is over, whatever its phase, to the microsecond', () => {
    for (let windowUs = 1; windowUs <= 260; windowUs += 1) {
      for (let at = 0; at < 6; at += 1) {
        const window = native.createSlidingWindow(windowUs)
        window.add(at, 1)
        expect(window.count(at + windowUs - 1), `W ${windowUs}, event at ${at}`).toBe(1)
        expect(window.count(at + Math.ceil((65 * windowUs) / 64)), `W ${windowUs}, event at ${at}`).toBe(0)
      }
    }
  })

  it('holds when the clock goes back', () => {
    const trace = fc.array(fc.record({ at: fc.nat(5_000), amount: fc.nat(5) }), { maxLength: 80 })
    fc.assert(
      fc.property(trace, events => checkTrace(native, 1_000, events)),
      { numRuns: 100 },
    )
  })

  it('has room after exactly what waitUs says, and not a microsecond before', () => {
    const property = fc.property(
      fc.integer({ min: 1, max: 100_000 }),
      fc.array(fc.nat(900), { minLength: 5, maxLength: 60 }),
      fc.integer({ min: 1, max: 10 }),
      (width, steps, amount) => {
        const window = native.createSlidingWindow(width)
        let now = 5_000_000
        for (const step of steps) {
          now += step
          window.add(now, 3)
        }
        const wait = window.waitUs(now, amount, 10)
        expect(wait === 0).toBe(window.count(now) + amount <= 10)
        if (wait > 0) expect(window.count(now + wait - 1) + amount).toBeGreaterThan(10)
        expect(window.count(now + wait) + amount).toBeLessThanOrEqual(10)
      },
    )
    fc.assert(property, { numRuns: 200 })
  })

  it('never has room for more than the limit', () => {
    expect(native.createSlidingWindow(1_000).waitUs(0, 11, 10)).toBe(Number.POSITIVE_INFINITY)
  })

  it('changes nothing when it is looked at', () => {
    const window = native.createSlidingWindow(1_000)
    window.add(0, 7)
    expect(window.count(5_000)).toBe(0)
    expect(window.count(0)).toBe(7)
  })

  it('takes back where it was added, what still counts, and no more than that', () => {
    const window = native.createSlidingWindow(6_400)
    window.add(0, 5)
    window.add(200, 4)
    window.takeBack(0, 3)
    expect(window.count(200)).toBe(6)
    window.takeBack(200, 9)
    expect(window.count(200)).toBe(2)
    window.add(7_000, 1)
    window.takeBack(0, 2)
    window.takeBack(9_000, 1)
    expect(window.count(7_000)).toBe(1)
  })

  it('says when it is idle', () => {
    const window = native.createSlidingWindow(1_000)
    window.add(12_345, 1)
    expect(window.count(window.idleUs() - 1)).toBe(1)
    expect(window.count(window.idleUs())).toBe(0)
  })

  it('is exact in money: up to 2^53 - 1, and counts no further', () => {
    const window = native.createSlidingWindow(86_400_000_000)
    const most = Number.MAX_SAFE_INTEGER
    expect(window.add(1, most - 1)).toBe(most - 1)
    expect(window.waitUs(2, 2, most)).toBeGreaterThan(0)
    expect(window.waitUs(2, 1, most)).toBe(0)
    expect(window.add(3, 2)).toBe(most)
  })

  const illegal: readonly (readonly [what: string, call: () => unknown])[] = [
    ['a window of 0', () => native.createSlidingWindow(0)],
    ['a window of half a microsecond', () => native.createSlidingWindow(0.5)],
    ['a negative limit', () => native.createSlidingWindow(1).waitUs(0, 1, -1)],
    ['a limit of NaN', () => native.createSlidingWindow(1).waitUs(0, 1, Number.NaN)],
    ['a fractional time', () => native.createSlidingWindow(1).add(0.5, 1)],
    ['a negative time', () => native.createSlidingWindow(1).count(-1)],
    ['an infinite time', () => native.createSlidingWindow(1).takeBack(Number.POSITIVE_INFINITY, 1)],
    ['a negative amount', () => native.createSlidingWindow(1).add(0, -1)],
    ['an amount of NaN', () => native.createSlidingWindow(1).takeBack(0, Number.NaN)],
  ]
  it.each(illegal)('refuses %s', (_, call) => {
    expect(call).toThrow(RangeError)
  })
})
