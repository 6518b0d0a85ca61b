import { AtpError } from '@atp/core/errors'
import type { ArmId } from '@atp/core/ids'
import type { Random } from '@atp/core/random'
import { milliseconds } from '@atp/core/units'
import { UpstreamError } from '@atp/domain/adapter'
import { describe, expect, it } from 'vitest'
import { Execution, failed, settled } from './support/execution.ts'

const SPENT = 'the retry budget is spent'
const AGAIN = { maxWaitMs: milliseconds(1_000), backoffMs: milliseconds(200) }
const drawing = (share: number): Random => ({
  uint32: () => Math.floor(share * 2 ** 32),
  bytes: length => new Uint8Array(length),
})

/** So many requests whose every call fails. @returns what each answered */
async function failAll(execution: Execution, requests: number): Promise<AtpError[]> {
  const errors: AtpError[] = []
  for (let request = 0; request < requests; request += 1) {
    const answered = execution.run().catch(error => error)
    let over = false
    void answered.then(() => {
      over = true
    })
    for (await settled(); !over; await settled()) execution.asked.at(-1)?.fail(failed(500))
    errors.push(await answered)
  }
  return errors
}

describe('the retry budget', () => {
  it('lets every request ask further while it lasts', async () => {
    const execution = new Execution()
    const [error] = await failAll(execution, 1)
    expect(execution.asked.map(({ arm }) => arm)).toEqual(['a/one', 'b/one', 'c/one'])
    expect(error?.message).not.toContain(SPENT)
    expect(await execution.metric('atp_retries_total{kind="fallback"}')).toBe(2)
    expect(await execution.metric('atp_retries_refused_total{kind="fallback"}')).toBe(0)
  })

  it('makes the first failure the answer when it is spent, and says so', async () => {
    const execution = new Execution({ retries: { ratio: 0, minPerSecond: 0.1 } })
    const [first, second] = await failAll(execution, 2)
    expect(execution.asked.map(({ arm }) => arm)).toEqual(['a/one', 'b/one', 'a/one'])
    for (const error of [first, second]) {
      expect(error).toMatchObject({ code: 'upstream_failed', status: 502 })
      expect(error?.message).toContain(SPENT)
    }
    expect(second?.context.attempts).toEqual([{ arm: 'a/one', failure: 'failed', status: 500 }])
    expect(await execution.metric('atp_retries_total{kind="fallback"}')).toBe(1)
    expect(await execution.metric('atp_retries_refused_total{kind="fallback"}')).toBe(2)
  })

  it('keeps what is sent within the share while everything is down', async () => {
    const execution = new Execution({
      arms: ['a/one', 'b/one'],
      retries: { ratio: 0.2, minPerSecond: 0 },
    })
    // Further apart than a circuit stays open, close enough for one window.
    const requests = 20
    for (let request = 0; request < requests; request += 1) {
      await failAll(execution, 1)
      execution.time.advance(10)
    }
    const retries = (await execution.metric('atp_retries_total{kind="fallback"}')) as number
    expect(retries).toBeGreaterThan(0)
    expect(retries).toBeLessThanOrEqual(0.2 * requests)
  })

  it('counts a request once, whoever had no words for it', async () => {
    const execution = new Execution({ retries: { ratio: 0.5, minPerSecond: 0 } })
    const answered = execution.run()
    const [unsupported, broken] = [new UpstreamError('unsupported', 'no words for it'), failed(500)]
    for (const [number, error] of [unsupported, broken].entries()) (await execution.call(number)).fail(error)
    await expect(answered).rejects.toThrow(SPENT)
    expect(execution.asked.map(({ arm }) => arm)).toEqual(['a/one', 'b/one'])
  })

  it('pays for no call that was not made', async () => {
    const denied = new AtpError('quota_exceeded', { detail: 'spent' })
    const execution = new Execution({
      retries: { ratio: 0, minPerSecond: 0.1 },
      admit: arm => (arm === 'b/one' ? denied : null),
    })
    const answered = execution.run()
    const first = await execution.call(0)
    first.fail(failed(500))
    const second = await execution.call(1)
    expect(second.arm).toBe('c/one')
    second.answer('here')
    expect(await answered).toMatchObject({ answer: 'here' })
    expect(await execution.metric('atp_retries_total{kind="fallback"}')).toBe(1)
  })

  it('nor for one whose limits cannot be told', async () => {
    const execution = new Execution({
      retries: { ratio: 0, minPerSecond: 0.1 },
      admit: async arm => {
        if (arm === 'b/one') throw new AtpError('limits_unavailable', { detail: 'away' })
        return null
      },
    })
    for (let request = 0; request < 3; request += 1) {
      const answered = execution.run()
      const asked = await execution.call(request)
      asked.fail(failed(500))
      await expect(answered).rejects.toMatchObject({ code: 'limits_unavailable' })
    }
  })
})

describe('the same model', () => {
  it('is not asked again unless that is wanted', async () => {
    const execution = new Execution({ arms: ['a/one'] })
    const [error] = await failAll(execution, 1)
    expect(execution.asked).toHaveLength(1)
    expect(error?.message).not.toContain(SPENT)
  })

  it('is asked again after a drawn wait, where no other is left', async () => {
    const execution = new Execution({ arms: ['a/one'], retries: { ...AGAIN, random: drawing(0.5) } })
    const answered = execution.run()
    const first = await execution.call(0)
    first.fail(failed())
    await execution.time.pass(99)
    expect(execution.asked).toHaveLength(1)
    await execution.time.pass(1)
    const second = await execution.call(1)
    second.answer('here')
    expect(await answered).toMatchObject({ answer: 'here', upstream: { arm: { id: 'a/one' } } })
    expect(await execution.metric('atp_retries_total{kind="again"}')).toBe(1)
  })

  it('is asked again once, and no more often than calls are allowed', async () => {
    for (const maxAttempts of [2, 3, 5]) {
      const execution = new Execution({ arms: ['a/one', 'b/one'], retries: AGAIN, maxAttempts })
      const answered = execution.run()
      for (let number = 0; number < 3; number += 1) {
        await execution.time.pass(1_000)
        execution.asked[number]?.fail(failed(503))
      }
      await expect(answered).rejects.toMatchObject({ code: 'upstream_failed' })
      const asked = execution.asked.map(({ arm }) => arm)
      expect(asked).toEqual(['a/one', 'b/one', 'a/one'].slice(0, maxAttempts))
      expect(execution.time.waiting).toBe(0)
    }
  })

  it.each([
    ['a time-out', new UpstreamError('timeout', 'silent')],
    ['a request that it finds wrong', new UpstreamError('rejected', 'wrong', { status: 400 })],
    ['a key that it does not take', new UpstreamError('unauthorized', 'who?', { status: 401 })],
    ['a model that it does not have', failed(404)],
    ['nonsense', new UpstreamError('malformed', 'what?')],
    ['a longer pause than is waited for', failed(503, 1_001)],
  ])('is not asked again after %s', async (_name, error) => {
    const execution = new Execution({ arms: ['a/one'], retries: AGAIN })
    const answered = execution.run()
    const asked = await execution.call(0)
    asked.fail(error)
    await expect(answered).rejects.toThrow()
    await execution.time.pass(10_000)
    expect(execution.asked).toHaveLength(1)
  })

  it.each([429, 503])('is asked after a %i only when what it asked for is over', async status => {
    const execution = new Execution({ arms: ['a/one'], retries: { ...AGAIN, random: drawing(0) } })
    const answered = execution.run()
    const first = await execution.call(0)
    first.fail(failed(status, 700))
    await execution.time.pass(700)
    expect(execution.asked).toHaveLength(1)
    await execution.time.pass(1)
    const second = await execution.call(1)
    second.answer('here')
    expect(await answered).toMatchObject({ answer: 'here' })
  })

  it('is asked no more often than a share of its own calls, however many others there are', async () => {
    const execution = new Execution({
      arms: ['busy/one', 'broken/one'],
      retries: { ...AGAIN, ratio: 0.5, minPerSecond: 0, random: drawing(0) },
    })
    for (let request = 0; request < 20; request += 1) {
      const answered = execution.run()
      const asked = await execution.call(request)
      asked.answer('here')
      await answered
    }
    const only = execution.walk()
    const walk = { ...only, plan: { ...only.plan, candidates: only.plan.candidates.slice(1) } }
    for (let request = 0; request < 4; request += 1) {
      const before = execution.asked.length
      const answered = execution.run(walk).catch(() => null)
      const asked = await execution.call(before)
      asked.fail(failed(500))
      await execution.time.pass(1)
      execution.asked[before + 1]?.answer('here')
      await answered
    }
    expect(execution.asked.filter(({ arm }) => arm === 'broken/one')).toHaveLength(4 + 0.5 * 4)
    expect(await execution.metric('atp_retries_total{kind="again"}')).toBe(2)
    expect(await execution.metric('atp_retries_refused_total{kind="again"}')).toBe(2)
  })

  it('is waited for once: if its circuit has opened by then, the failure is the answer', async () => {
    const execution = new Execution({ arms: ['a/one'], retries: { ...AGAIN, random: drawing(0.5) } })
    // The fifth failure opens it.
    for (const calls of [2, 2, 1]) {
      const before = execution.asked.length
      const answered = execution.run()
      for (let call = before; call < before + calls; call += 1) {
        const asked = await execution.call(call)
        asked.fail(failed(500))
        await execution.time.pass(100)
      }
      await expect(answered).rejects.toMatchObject({ code: 'upstream_failed' })
    }
    expect(execution.registry.isCandidate('a/one' as ArmId)).toBe(false)
    expect(execution.asked).toHaveLength(5)
    expect(execution.time.waiting).toBe(0)
  })

  it('is not asked for a client that left meanwhile', async () => {
    const leaving = new AbortController()
    const execution = new Execution({
      arms: ['a/one'],
      retries: { ...AGAIN, ratio: 0, minPerSecond: 0.1, random: drawing(0.5) },
    })
    const answered = execution.run(execution.walk(leaving.signal))
    const asked = await execution.call(0)
    asked.fail(failed(500))
    await settled()
    expect(execution.time.waiting).toBe(1)
    leaving.abort()
    await expect(answered).rejects.toMatchObject({ code: 'client_closed_request' })
    expect(execution.time.waiting).toBe(0)
    expect(execution.asked).toHaveLength(1)
    // What it had taken is there for the next one.
    const next = execution.run()
    const first = await execution.call(1)
    first.fail(failed(500))
    await execution.time.pass(100)
    expect(execution.asked).toHaveLength(3)
    execution.asked.at(-1)?.answer('here')
    await next
  })
})
