import { randomUUID } from 'node:crypto'
import { InProcessLimiter, wanted } from '@atp/domain/limit'
import { typescriptNative } from '@atp/native'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { ExactModel } from './exact-model.ts'
import { implementations, inProcess } from './implementations.ts'
import { admission, MINUTE, NOON, SECOND, sliding } from './limits.ts'
import { LIMITS, live, type Step, traces } from './traces.ts'

const { all, stop } = await implementations()
afterAll(stop)

/** Redis takes a round trip a step. */
const isHere = (name: string) => name.startsWith('in this process')

describe.each(all)('random traces $name', ({ name, missing, create }) => {
  it.skipIf(missing)(
    'are judged as an exact model of our own events judges them, within the stated error',
    async () => {
      const property = fc.asyncProperty(traces, async trace => {
        const said = await live(create(), `test/${randomUUID()}`, trace)
        expect(said.filter(({ faults }) => faults.length > 0)).toEqual([])
      })
      await fc.assert(property, { numRuns: isHere(name) ? 500 : 60 })
    },
  )

  it.skipIf(missing)('come to the same answers as in this process, to the last figure', async () => {
    const property = fc.asyncProperty(traces, async trace => {
      const tenant = `test/${randomUUID()}`
      expect(await live(create(), tenant, trace)).toEqual(await live(inProcess.create(), tenant, trace))
    })
    await fc.assert(property, { numRuns: 60 })
  })
})

describe.each(all)('the edges of sub-buckets $name', ({ name, missing, create }) => {
  it.skipIf(missing)('lie where the stated error says, to the microsecond', async () => {
    const shape = fc.record({
      windowUs: fc.integer({ min: 1, max: 300 }),
      amount: fc.integer({ min: 1, max: 4 }),
    })
    const edges = shape.chain(({ windowUs, amount }) => {
      const limits = [sliding('requests', amount, windowUs)]
      const admit = { kind: 'admit' as const, limits, admission: { requests: 1 } }
      const around = fc.integer({ min: -2, max: Math.floor(windowUs / 64) + 2 })
      const gap = fc.oneof(
        fc.nat(3),
        around.map(us => Math.max(0, windowUs + us)),
      )
      return fc.array(gap, { minLength: 1, maxLength: 40 }).map(gaps => {
        return gaps.flatMap((us): Step[] => [{ kind: 'pass', us }, admit])
      })
    })
    const property = fc.asyncProperty(edges, async trace => {
      const said = await live(create(), `test/${randomUUID()}`, trace)
      expect(said.filter(({ faults }) => faults.length > 0)).toEqual([])
      expect(said).toEqual(await live(inProcess.create(), `test/${randomUUID()}`, trace))
    })
    await fc.assert(property, { numRuns: isHere(name) ? 1_000 : 100 })
  })
})

describe.each(all)('the wait that a denial tells $name', ({ missing, create }) => {
  it.skipIf(missing)('is true for every kind of limit, to the millisecond', async () => {
    const asks = fc.record({
      limits: fc.subarray([...LIMITS], { minLength: 1 }),
      gapsUs: fc.array(fc.nat(5 * SECOND), { maxLength: 12 }),
      of: fc.record({
        requests: fc.integer({ min: 1, max: 3 }),
        estimate: fc.record({
          tokens: fc.integer({ min: 20, max: 250 }),
          cost: fc.integer({ min: 50, max: 700 }),
        }),
        leaseMs: fc.constantFrom(700, 30_000),
      }),
    })
    let waited = 0
    const property = fc.asyncProperty(asks, async ({ limits, gapsUs, of }) => {
      const { limiter, setTime } = create()
      const tenant = `test/${randomUUID()}`
      let clock = NOON
      const ask = async () => {
        await setTime(tenant, clock)
        const verdict = await limiter.admit(admission(tenant, limits, of))
        if (verdict.kind !== 'stale') return verdict
        await limiter.rebuild(tenant, [])
        return limiter.admit(admission(tenant, limits, of))
      }
      let verdict = await ask()
      for (let k = 0; k < 40 && verdict.kind === 'admitted'; k += 1) {
        clock += gapsUs[k] ?? 0
        verdict = await ask()
      }
      if (verdict.kind !== 'denied' || verdict.retryAfterMs === null) return
      waited += 1
      clock += 1_000 * verdict.retryAfterMs - 1_000
      expect((await ask()).kind).toBe('denied')
      clock += 1_000
      expect((await ask()).kind).toBe('admitted')
    })
    await fc.assert(property, { numRuns: 100 })
    expect(waited).toBeGreaterThan(20)
  })
})

describe('the stated error of a sliding window', () => {
  const limit = sliding('requests', 10, MINUTE)

  it('is used: some requests are refused that an exact window of the same length would admit', async () => {
    let now = NOON
    const limiter = new InProcessLimiter({ nowUs: () => now, native: typescriptNative })
    const model = new ExactModel()
    let refusedInBetween = 0
    for (let request = 0; request < 2_000; request += 1) {
      now += 3 * SECOND
      const asked = admission('t', [limit])
      const expected = model.expected(asked, limit, now)
      const { kind } = await limiter.admit(asked)
      if (kind === 'admitted') model.count(asked, now)
      else if (expected === 'may') refusedInBetween += wanted(asked, limit)
    }
    expect(refusedInBetween).toBeGreaterThan(0)
  })
})
