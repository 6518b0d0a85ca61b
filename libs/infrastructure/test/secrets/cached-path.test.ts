import { ManualClock } from '@atp/core/clock'
import { SeededRandom } from '@atp/core/random'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CachedPath } from '../../src/secrets/cached-path.ts'
import { AWAY, FakeSource } from './fake-source.ts'

const TTL = 60_000
const STALE = 600_000

function setUp() {
  const source = new FakeSource()
  const clock = new ManualClock()
  const path = new CachedPath({
    read: options => source.read('x', options),
    policy: { ttlMs: TTL, staleIfErrorMs: STALE },
    clock,
    random: new SeededRandom(1),
    settled: () => undefined,
  })
  const value = () => path.reading?.fields.get('')?.reveal()
  return { source, clock, path, value }
}

type Step = number | 'refresh' | 'refreshAnew' | 'break' | 'change'

describe('a cached path', () => {
  it('is read once by all who ask at once, and not again while it is fresh', async () => {
    const { source, path } = setUp()
    await Promise.all([path.load(), path.load(), path.refresh()])
    await path.load()
    expect(source.reads).toHaveLength(1)
    expect(path.dueInMs).toBeGreaterThan(0)
  })

  it('is due within its ttl, and served while it is read again', async () => {
    const { source, clock, path, value } = setUp()
    await path.load()
    clock.advance(TTL)
    expect(path.dueInMs).toBeLessThanOrEqual(0)
    const { promise, resolve } = Promise.withResolvers<void>()
    source.gate = promise
    source.answer = 'second'
    const refreshed = path.refresh()
    expect(value()).toBe('first')
    expect(path.isUsable).toBe(true)
    resolve()
    await refreshed
    expect(value()).toBe('second')
  })

  it('serves what it knows while it cannot be read, for as long as it may', async () => {
    const { source, clock, path, value } = setUp()
    await path.load()
    source.answer = AWAY
    clock.advance(TTL)
    await path.refresh()
    expect([value(), path.isUsable, path.failure]).toEqual(['first', true, AWAY])
    clock.advance(STALE)
    expect(path.isUsable).toBe(true)
    clock.advance(1)
    expect(path.isUsable).toBe(false)
    source.answer = 'second'
    await path.refresh()
    expect([value(), path.isUsable, path.failure]).toEqual(['second', true, null])
  })

  it('remembers for a moment that there is nothing', async () => {
    const { source, clock, path } = setUp()
    source.answer = AWAY
    await expect(path.load()).rejects.toBe(AWAY)
    await expect(path.load()).rejects.toBe(AWAY)
    expect(source.reads).toHaveLength(1)
    clock.advance(1_000)
    await expect(path.load()).rejects.toBe(AWAY)
    expect(source.reads).toHaveLength(2)
  })

  it('asks less and less often while it fails', async () => {
    const { source, clock, path } = setUp()
    source.answer = AWAY
    const waits: number[] = []
    for (let tries = 0; tries < 8; tries += 1) {
      await path.refresh()
      waits.push(path.dueInMs)
      clock.advance(path.dueInMs)
    }
    expect(waits[0]).toBeLessThanOrEqual(1_000)
    expect(waits[3]).toBeGreaterThan(4_000)
    expect(Math.max(...waits)).toBeLessThanOrEqual(30_000)
  })

  it('is good for as long as its place says', async () => {
    const { source, clock, path } = setUp()
    source.goodForMs = Number.POSITIVE_INFINITY
    await path.load()
    clock.advance(1e9)
    expect(path.dueInMs).toBe(Number.POSITIVE_INFINITY)
  })

  it('asked anew reads past a reading under way, which may be older than the refusal', async () => {
    const { source, clock, path, value } = setUp()
    await path.load()
    clock.advance(TTL)
    const { promise, resolve } = Promise.withResolvers<void>()
    source.gate = promise
    const old = path.refresh()
    source.answer = 'second'
    // It would be there before the older one.
    source.gate = null
    const anew = Promise.all([path.refreshAnew(), path.refreshAnew()])
    resolve()
    await Promise.all([old, anew])
    expect(value()).toBe('second')
    expect(source.reads.map(each => each.anew)).toEqual([false, false, true])
  })

  it('is not asked anew again and again by a key that is simply wrong', async () => {
    const { source, clock, path } = setUp()
    await path.load()
    for (let refusals = 0; refusals < 100; refusals += 1) await path.refreshAnew()
    expect(source.reads).toHaveLength(2)
    clock.advance(1_000)
    await path.refreshAnew()
    expect(source.reads).toHaveLength(3)
  })

  it('serves what it read last, and nothing past its time, whatever comes in whatever order', async () => {
    const step = fc.oneof(
      fc.integer({ min: 0, max: STALE }),
      fc.constantFrom('refresh' as const, 'refreshAnew' as const, 'break' as const, 'change' as const),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async steps => {
        const { source, clock, path, value } = setUp()
        await path.load()
        const takeStep = async (each: Step, next: string) => {
          if (typeof each === 'number') clock.advance(each)
          else if (each === 'break') source.answer = AWAY
          else if (each === 'change') source.answer = next
          else await path[each]()
        }
        const model = { readAt: clock.monotonic() as number, value: 'first' }
        for (const [index, each] of steps.entries()) {
          const before = source.reads.length
          await takeStep(each, `value ${index}`)
          if (source.reads.length > before && typeof source.answer === 'string') {
            Object.assign(model, { value: source.answer, readAt: clock.monotonic() })
          }
          expect(value()).toBe(model.value)
          const inTime = clock.monotonic() <= model.readAt + TTL + STALE
          expect(path.isUsable).toBe(path.failure === null || inTime)
        }
      }),
    )
  })
})
