import { ManualClock } from '@atp/core/clock'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { DependencyCheck, FRESH_MS } from '../../src/health/dependency-check.ts'
import { type CheckReport, Readiness } from '../../src/http/readiness.ts'

const TIMEOUT_MS = 1_000

beforeEach(() => void vi.useFakeTimers())

afterEach(() => void vi.useRealTimers())

/** A dependency that answers when the test says so. */
function dependency(failure: 'degraded' | 'unavailable' = 'degraded') {
  const clock = new ManualClock()
  const questions: { answer(): void; fail(error: unknown): void }[] = []
  const check = new DependencyCheck({
    ask: () =>
      new Promise<void>((resolve, reject) => {
        questions.push({ answer: resolve, fail: reject })
      }),
    timeoutMs: TIMEOUT_MS,
    failure,
    detail: why => `it does not answer: ${why}`,
    clock,
  })
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms)
    await vi.advanceTimersByTimeAsync(ms)
  }
  return { check, questions, pass }
}

describe('the check of a dependency', () => {
  it('that answers says how long that took, and how long ago', async () => {
    const { check, questions, pass } = dependency()
    expect(check.last()).toEqual({
      status: 'degraded',
      detail: 'it does not answer: it was not asked yet',
      latency_ms: null,
      age_ms: null,
    })
    const asked = check.refresh()
    await pass(12)
    questions[0]?.answer()
    await asked
    await pass(300)
    expect(check.last()).toEqual({ status: 'ok', detail: null, latency_ms: 12, age_ms: 300 })
  })

  it('asks once, however many probes come, and not again while the answer is young', async () => {
    const { check, questions, pass } = dependency()
    const asked = [check.refresh(), check.refresh()]
    expect(questions).toHaveLength(1)
    questions[0]?.answer()
    await Promise.all(asked)
    await pass(FRESH_MS - 1)
    await check.refresh()
    expect(questions).toHaveLength(1)
    await pass(1)
    void check.refresh()
    expect(questions).toHaveLength(2)
  })

  it('that fails says why by a code, never by a message that may name an address', async () => {
    const { check, questions } = dependency('unavailable')
    const asked = check.refresh()
    questions[0]?.fail(Object.assign(new Error('connect to 10.0.0.7'), { code: 'ECONNREFUSED' }))
    await asked
    expect(check.last()).toMatchObject({
      status: 'unavailable',
      detail: 'it does not answer: ECONNREFUSED',
      latency_ms: null,
    })
  })

  it('that hangs is a failure after its time-out, and is not asked again until that is over', async () => {
    const { check, questions, pass } = dependency()
    const asked = check.refresh()
    await pass(TIMEOUT_MS + 2 * FRESH_MS)
    expect(check.last()).toEqual({
      status: 'degraded',
      detail: `it does not answer: no answer within ${TIMEOUT_MS} ms`,
      latency_ms: null,
      age_ms: 0,
    })
    await pass(2 * FRESH_MS)
    void check.refresh()
    expect(questions).toHaveLength(1)
    questions[0]?.answer()
    await asked
    expect(check.last()).toMatchObject({ status: 'degraded', age_ms: 2 * FRESH_MS })
    void check.refresh()
    expect(questions).toHaveLength(2)
  })
})

describe('readiness', () => {
  it('is told within a moment while a dependency hangs, from what was known last', async () => {
    const { check, questions, pass } = dependency()
    const readiness = new Readiness()
    readiness.registerAsking('slow', check)
    readiness.register('known', () => ({ status: 'ok', detail: null }))
    const first = readiness.report()
    questions[0]?.answer()
    expect(await first).toMatchObject({ status: 'ok', checks: { slow: { status: 'ok', age_ms: 0 } } })
    await pass(9_000)
    let hung: { readonly checks: Readonly<Record<string, CheckReport>> } | null = null
    const told = readiness.report().then(report => {
      hung = report
    })
    await pass(50)
    expect(hung).toMatchObject({ status: 'ok', checks: { slow: { status: 'ok', age_ms: 9_050 } } })
    await told
    expect(questions).toHaveLength(2)
  })

  it('is as the worst of the checks, and says of those that are never asked that they are as of now', async () => {
    const readiness = new Readiness()
    readiness.register('fine', () => ({ status: 'ok', detail: null }))
    expect(await readiness.report()).toEqual({
      status: 'ok',
      checks: { fine: { status: 'ok', detail: null, latency_ms: null, age_ms: 0 } },
    })
    readiness.register('ill', () => ({ status: 'degraded', detail: 'a cold' }))
    expect((await readiness.report()).status).toBe('degraded')
    readiness.register('gone', () => ({ status: 'unavailable', detail: null }))
    readiness.register('fine as well', () => ({ status: 'ok', detail: null }))
    expect((await readiness.report()).status).toBe('unavailable')
  })
})
