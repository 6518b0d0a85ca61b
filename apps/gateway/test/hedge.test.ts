import { AtpError } from '@atp/core/errors'
import type { ArmId } from '@atp/core/ids'
import type { Usage } from '@atp/domain/observation'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Contest } from '../src/corridor/contest.ts'
import type { Walk } from '../src/corridor/exchange.ts'
import { Execution, type ExecutionOptions, failed, PROMPT_TOKENS, settled } from './support/execution.ts'

/** By then a first token is there nineteen times in twenty. */
const P95_MS = 100
const ONLY_PROMPT: Usage = { inputTokens: PROMPT_TOKENS, outputTokens: 0, estimated: true }
const WRITTEN: Usage = { inputTokens: 5, outputTokens: 3, estimated: false }

/** An execution that hedges, of arms whose first token takes 100 ms, and one request that has been under way for longer. */
class Hedged extends Execution {
  readonly discarded: unknown[] = []
  readonly leaving = new AbortController()
  readonly request: Walk = this.walk(this.leaving.signal)

  constructor(options: ExecutionOptions = {}) {
    super({ hedge: {}, ...options })
    this.seen(50, P95_MS)
  }

  start(walk = this.request, until: Contest<unknown>['until'] = 'first_token') {
    return this.run(walk, {
      until,
      discard: async answer => {
        this.discarded.push(answer)
        return WRITTEN
      },
    })
  }

  /** The sketch knows values to some percent. */
  async becomeSlow(): Promise<void> {
    await this.time.pass(P95_MS * 1.1)
  }

  get arms(): string[] {
    return this.asked.map(({ arm }) => arm)
  }

  get outcomes(): string[] {
    return this.request.attempts.map(({ arm, outcome }) => `${arm} ${outcome}`)
  }
}

describe('a first model that is quick enough', () => {
  it('is alone, and nothing waits for it any more', async () => {
    const hedged = new Hedged()
    const answered = hedged.start()
    await hedged.time.pass(P95_MS * 0.9)
    hedged.asked[0]?.answer('first')
    expect(await answered).toMatchObject({ answer: 'first', upstream: { arm: { id: 'a/one' } } })
    expect(hedged.time.waiting).toBe(0)
    await hedged.time.pass(10_000)
    expect(hedged.arms).toEqual(['a/one'])
    expect(hedged.request).toMatchObject({ isHedged: false, attempts: [] })
  })

  it.each<[string, ExecutionOptions, Contest<unknown>['until']]>([
    ['nothing is hedged', {}, 'first_token'],
    ['too little is known of it', { hedge: { fewestAnswers: 51 } }, 'first_token'],
    ['it has a while in any case', { hedge: { leastMs: 60_001 } }, 'first_token'],
    ['only streams are hedged', { hedge: {} }, 'answer'],
    ['one call is all that is allowed', { hedge: {}, maxAttempts: 1 }, 'first_token'],
    ['there is no other', { hedge: {}, arms: ['a/one'] }, 'first_token'],
    ['no share is left', { hedge: {}, retries: { hedgeShare: 0.5 } }, 'first_token'],
    ['the share is none', { hedge: {}, retries: { hedgeShare: 0 } }, 'first_token'],
    ['the retry budget is spent', { hedge: {}, retries: { ratio: 0, minPerSecond: 0 } }, 'first_token'],
  ])('is alone, however slow, where %s', async (_name, options, until) => {
    const hedged = new Hedged({ ...options, ...('hedge' in options ? {} : { hedge: undefined as never }) })
    const answered = hedged.start(hedged.request, until)
    await hedged.time.pass(60_000)
    expect(hedged.arms).toEqual(['a/one'])
    hedged.asked[0]?.answer('first')
    expect(await answered).toMatchObject({ answer: 'first' })
    expect(hedged.request.isHedged).toBe(false)
  })

  it('is hedged for a whole answer where that is wanted, after the P95 of its latency', async () => {
    const hedged = new Hedged({ hedge: { wholeAnswers: true } })
    const answered = hedged.start(hedged.request, 'answer')
    await hedged.time.pass(P95_MS * 1.9)
    expect(hedged.arms).toEqual(['a/one'])
    await hedged.time.pass(P95_MS * 0.3)
    expect(hedged.arms).toEqual(['a/one', 'b/one'])
    hedged.asked[1]?.answer('second')
    expect(await answered).toMatchObject({ answer: 'second' })
  })
})

describe('of two models that run', () => {
  async function both(options: ExecutionOptions = {}) {
    const hedged = new Hedged(options)
    const answered = hedged.start()
    await hedged.becomeSlow()
    expect(hedged.arms).toEqual(['a/one', 'b/one'])
    return { hedged, answered, first: await hedged.call(0), second: await hedged.call(1) }
  }

  it('the first may win: the second is cancelled, and pays for the prompt that it has read', async () => {
    const { hedged, answered, first, second } = await both()
    first.answer('first')
    expect(await answered).toMatchObject({ answer: 'first', upstream: { arm: { id: 'a/one' } } })
    expect([first.signal.aborted, second.signal.aborted]).toEqual([false, true])
    expect(hedged.outcomes).toEqual(['b/one cancelled'])
    expect(hedged.request.attempts[0]).toMatchObject({
      usage: ONLY_PROMPT,
      quality: null,
      cost: PROMPT_TOKENS,
    })
    expect(hedged.billed).toEqual([['b/one', ONLY_PROMPT]])
    expect(hedged.request.isHedged).toBe(true)
    expect(await hedged.metric('atp_hedges_total{answered="first"}')).toBe(1)
    expect(await hedged.metric('atp_retries_total{kind="hedge"}')).toBe(1)
  })

  it('the second may win: it is the answer, and goes on when the first is cancelled', async () => {
    const { hedged, answered, first, second } = await both()
    second.answer('second')
    expect(await answered).toMatchObject({ answer: 'second', upstream: { arm: { id: 'b/one' } } })
    expect([first.signal.aborted, second.signal.aborted]).toEqual([true, false])
    expect(hedged.outcomes).toEqual(['a/one cancelled'])
    expect(hedged.billed).toEqual([['a/one', ONLY_PROMPT]])
    expect(await hedged.metric('atp_hedges_total{answered="second"}')).toBe(1)
    // The client's leave still reaches it.
    hedged.leaving.abort()
    expect(second.signal.aborted).toBe(true)
  })

  it('the loser is no failure of its health, and holds nothing', async () => {
    const { hedged, answered, second } = await both()
    second.answer('second')
    const { upstream } = await answered
    expect(hedged.health('a')).toMatchObject({ inFlight: 0, errorRate: 0, circuit: 'closed' })
    expect(hedged.health('b')).toMatchObject({ inFlight: 1 })
    upstream.end({ outcome: 'success', latency: null, timeToFirstToken: null })
    expect(hedged.health('b')).toMatchObject({ inFlight: 0 })
  })

  it('both may come at once: what the loser has written is thrown away and paid for', async () => {
    const { hedged, answered, first, second } = await both()
    first.answer('first')
    second.answer('second')
    expect(await answered).toMatchObject({ answer: 'first' })
    expect(hedged.discarded).toEqual(['second'])
    expect(hedged.billed).toEqual([['b/one', WRITTEN]])
    expect(hedged.request.attempts).toMatchObject([
      { outcome: 'cancelled', usage: WRITTEN, timeToFirstToken: null },
    ])
  })

  it('the loser may go on although it was cancelled: what it says is thrown away', async () => {
    const { hedged, answered, first, second } = await both({ deaf: true })
    first.answer('first')
    await answered
    second.answer('second')
    await settled()
    expect(hedged.discarded).toEqual(['second'])
    expect(hedged.billed).toEqual([['b/one', ONLY_PROMPT]])
  })

  it('the first may fail: the second goes on', async () => {
    const { hedged, answered, first, second } = await both()
    first.fail(failed(500))
    await settled()
    second.answer('second')
    expect(await answered).toMatchObject({ answer: 'second' })
    expect(hedged.outcomes).toEqual(['a/one error'])
    expect(hedged.arms).toHaveLength(2)
  })

  it('the second may fail: the first goes on', async () => {
    const { hedged, answered, first, second } = await both()
    second.fail(failed(500))
    await settled()
    first.answer('first')
    expect(await answered).toMatchObject({ answer: 'first' })
    expect(hedged.outcomes).toEqual(['b/one error'])
  })

  it('both may fail: a third is asked, and not hedged', async () => {
    const { hedged, answered, first, second } = await both({
      arms: ['a/one', 'b/one', 'c/one', 'd/one'],
      maxAttempts: 4,
      // Enough for another one.
      retries: { hedgeShare: 5 },
    })
    second.fail(failed(500))
    first.fail(failed(500))
    await hedged.time.pass(60_000)
    expect(hedged.arms).toEqual(['a/one', 'b/one', 'c/one'])
    hedged.asked[2]?.answer('third')
    expect(await answered).toMatchObject({ answer: 'third' })
    expect(hedged.outcomes).toEqual(['b/one error', 'a/one error'])
    expect(await hedged.metric('atp_hedges_total{answered="neither"}')).toBe(1)
    expect(await hedged.metric('atp_retries_total{kind="fallback"}')).toBe(1)
  })

  it('both may fail where two calls are all that is allowed: the failures are the answer', async () => {
    const { answered, first, second } = await both({ maxAttempts: 2 })
    first.fail(failed(500))
    second.fail(failed(503))
    await expect(answered).rejects.toMatchObject({
      code: 'upstream_failed',
      context: { attempts: [{ arm: 'a/one' }, { arm: 'b/one' }] },
    })
  })

  it('neither is left running when the client leaves, and what they may have written is paid for', async () => {
    const { hedged, answered, first, second } = await both()
    hedged.leaving.abort()
    await expect(answered).rejects.toMatchObject({ code: 'client_closed_request' })
    expect([first.signal.aborted, second.signal.aborted]).toEqual([true, true])
    expect(hedged.outcomes).toEqual(['a/one cancelled', 'b/one cancelled'])
    expect(hedged.billed).toEqual([
      ['a/one', 'unknown'],
      ['b/one', 'unknown'],
    ])
    expect(hedged.arms).toHaveLength(2)
  })

  it('hears why we gave up', async () => {
    const { hedged, answered } = await both()
    hedged.leaving.abort(new AtpError('upstream_timeout', { detail: 'too late' }))
    await expect(answered).rejects.toMatchObject({ code: 'upstream_timeout' })
  })
})

describe('a second model', () => {
  it.each<[string, ExecutionOptions]>([
    [
      'the limits',
      { admit: arm => (arm === 'b/one' ? new AtpError('quota_exceeded', { detail: 'spent' }) : null) },
    ],
    ['the share of hedges', { retries: { hedgeShare: 0.1 } }],
  ])('that is not asked because of %s leaves the retry budget to a fallback', async (_name, options) => {
    const hedged = new Hedged({ ...options, retries: { ratio: 1, minPerSecond: 0, ...options.retries } })
    const answered = hedged.start()
    await hedged.becomeSlow()
    hedged.asked[0]?.fail(failed(500))
    const second = await hedged.call(1)
    second.answer('fallback')
    expect(await answered).toMatchObject({ answer: 'fallback' })
    expect(hedged.request.isHedged).toBe(false)
  })

  it('of another adapter is asked, where there is one', async () => {
    const hedged = new Hedged({ arms: ['a/one', 'a/two', 'b/one'] })
    const answered = hedged.start()
    await hedged.becomeSlow()
    expect(hedged.arms).toEqual(['a/one', 'b/one'])
    hedged.asked[0]?.answer('first')
    await answered
  })

  it.each<[string, () => AtpError | Promise<never>]>([
    ['refuse', () => new AtpError('quota_exceeded', { detail: 'spent' })],
    ['cannot tell', () => Promise.reject(new AtpError('limits_unavailable', { detail: 'away' }))],
  ])('is not asked where the limits %s, and the first goes on', async (_name, verdict) => {
    const hedged = new Hedged({ admit: arm => (arm === 'b/one' ? verdict() : null) })
    const answered = hedged.start()
    await hedged.time.pass(60_000)
    expect(hedged.arms).toEqual(['a/one'])
    hedged.asked[0]?.answer('first')
    expect(await answered).toMatchObject({ answer: 'first' })
    expect(hedged.request).toMatchObject({ isHedged: false, attempts: [] })
    expect(await hedged.metric('atp_retries_total{kind="hedge"}')).toBe(0)
  })

  it('is not asked where its circuit is open: what it had reserved is given back', async () => {
    const hedged = new Hedged()
    hedged.registry
      .begin('b/one' as ArmId)
      ?.end({ outcome: 'rate_limited', latency: null, timeToFirstToken: null, retryAfter: 600_000 as never })
    const answered = hedged.start()
    await hedged.time.pass(60_000)
    expect(hedged.arms).toEqual(['a/one'])
    expect(hedged.billed).toEqual([['b/one', null]])
    hedged.asked[0]?.answer('first')
    await answered
  })

  it('is not asked where the first came while the limits were asked', async () => {
    const admitted = Promise.withResolvers<null>()
    const hedged = new Hedged({ admit: arm => (arm === 'b/one' ? admitted.promise : null) })
    const answered = hedged.start()
    await hedged.becomeSlow()
    hedged.asked[0]?.answer('first')
    expect(await answered).toMatchObject({ answer: 'first' })
    admitted.resolve(null)
    await settled()
    expect(hedged.arms).toEqual(['a/one'])
    expect(hedged.billed).toEqual([['b/one', null]])
    expect(hedged.health('b').inFlight).toBe(0)
  })

  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])(
    'is left with nothing where it was let in %i turns of the queue after the first came',
    async turns => {
      const admitted = Promise.withResolvers<null>()
      const hedged = new Hedged({ admit: arm => (arm === 'b/one' ? admitted.promise : null) })
      const answered = hedged.start()
      await hedged.becomeSlow()
      hedged.asked[0]?.answer('first')
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve()
      admitted.resolve(null)
      expect(await answered).toMatchObject({ answer: 'first' })
      await settled()
      expect(hedged.asked.slice(1).map(({ signal }) => signal.aborted)).not.toContain(false)
      expect(hedged.billed.map(([arm]) => arm)).toEqual(['b/one'])
      expect(hedged.health('b').inFlight).toBe(0)
    },
  )

  it('is asked although the first failed while the limits were asked', async () => {
    const admitted = Promise.withResolvers<null>()
    const hedged = new Hedged({ admit: arm => (arm === 'b/one' ? admitted.promise : null) })
    const answered = hedged.start()
    await hedged.becomeSlow()
    hedged.asked[0]?.fail(failed(500))
    await settled()
    admitted.resolve(null)
    const second = await hedged.call(1)
    second.answer('second')
    expect(await answered).toMatchObject({ answer: 'second', upstream: { arm: { id: 'b/one' } } })
  })
})

it('hedges are at most their share of the requests, however slow everybody is', async () => {
  const requests = 60
  const hedged = new Hedged({ retries: { hedgeShare: 0.05, ratio: 1 } })
  for (let request = 0; request < requests; request += 1) {
    const walk = hedged.walk()
    const before = hedged.asked.length
    const answered = hedged.start(walk)
    await hedged.time.pass(60)
    await hedged.time.pass(10_000)
    hedged.asked[before]?.answer('late')
    await answered
  }
  const hedges = (await hedged.metric('atp_retries_total{kind="hedge"}')) as number
  expect(hedges).toBeGreaterThan(0)
  expect(hedges).toBeLessThanOrEqual(0.05 * requests)
})

it('a model that is outrun again and again is not thought the quicker for it', async () => {
  const hedged = new Hedged({ retries: { minPerSecond: 1_000 } })
  const before = hedged.registry.p95('a/one' as ArmId, 'first_token', 1) as number
  for (let request = 0; request < 100; request += 1) {
    const number = hedged.asked.length
    const answered = hedged.start(hedged.walk())
    await hedged.time.pass(500)
    const last = hedged.asked[number + 1] ?? hedged.asked[number]
    last?.answer('here')
    const { upstream } = await answered
    upstream.end({ outcome: 'success', latency: null, timeToFirstToken: null })
  }
  expect(await hedged.metric('atp_hedges_total{answered="second"}')).toBeGreaterThan(1)
  await hedged.time.pass(2_000)
  expect(hedged.registry.p95('a/one' as ArmId, 'first_token', 1)).toBeGreaterThan(before)
})

describe('in whatever order things happen', () => {
  const EVENTS = ['wait', 'turn', 'leave', ...[0, 1, 2].flatMap(call => [`answer ${call}`, `fail ${call}`])]

  async function happen(hedged: Hedged, event: string): Promise<void> {
    const [what, number] = event.split(' ')
    const asked = hedged.asked[Number(number)]
    if (what === 'wait') await hedged.becomeSlow()
    else if (what === 'turn') await settled()
    else if (what === 'leave') hedged.leaving.abort()
    else if (what === 'answer') asked?.answer(event)
    else asked?.fail(failed(500))
  }

  it('each call ends once, each reservation is paid once, and nothing is left running but the answer', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...EVENTS), { maxLength: 12 }), async events => {
        let admitted = 0
        const hedged = new Hedged({
          admit: () => {
            admitted += 1
            return null
          },
        })
        const answered = hedged.start().catch(() => null)
        for (const event of [...events, 'turn', 'leave']) await happen(hedged, event)
        const running = (await answered) === null ? 0 : 1
        await settled()
        expect(hedged.time.waiting).toBe(0)
        expect(hedged.asked.length).toBeLessThanOrEqual(3)
        expect(hedged.request.attempts).toHaveLength(hedged.asked.length - running)
        expect(hedged.billed).toHaveLength(admitted - running)
        const inFlight = ['a', 'b', 'c'].map(id => hedged.health(id).inFlight)
        expect(inFlight.reduce((sum, calls) => sum + calls)).toBe(running)
      }),
      { numRuns: 300 },
    )
  })
})
