import { ManualClock } from '@atp/core/clock'
import type { ArmId, DecisionId, TenantId } from '@atp/core/ids'
import { SeededRandom } from '@atp/core/random'
import { microUsd, milliseconds } from '@atp/core/units'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type DecisionFeedback,
  type DecisionRecord,
  type FeedbackInput,
  FeedbackService,
  type OutsideObservation,
} from '../../src/observation/index.ts'
import { armOf } from '../adapter/adapters.ts'
import { MemoryJournal } from './memory-journal.ts'
import { decisionOf, serviceOver, settled } from './observations.ts'

const TENANT = 'default' as TenantId

function judgement(
  decision: string,
  quality = 0.5,
  differs: Partial<DecisionFeedback> = {},
): DecisionFeedback {
  return { kind: 'feedback', tenant: TENANT, decisionId: decision as DecisionId, quality, ...differs }
}

function outside(differs: Partial<OutsideObservation> = {}): OutsideObservation {
  return {
    kind: 'outside',
    tenant: TENANT,
    arm: 'up/fast' as ArmId,
    outcome: 'success',
    quality: 0.7,
    latency: milliseconds(120),
    timeToFirstToken: null,
    usage: { inputTokens: 3, outputTokens: 4, estimated: false },
    cost: microUsd(5),
    ...differs,
  }
}

function feedbackOver(journal = new MemoryJournal(), stored: readonly DecisionRecord[] = []) {
  const { service, learner } = serviceOver(journal)
  const feedback = new FeedbackService({
    observations: service,
    decisions: { find: async id => stored.find(decision => decision.id === id) ?? null },
    stored: journal,
    registry: { arm: id => (id === 'up/fast' ? armOf('up', 'fast') : undefined) },
    clock: new ManualClock(),
    random: new SeededRandom(1),
  })
  const statuses = async (...inputs: FeedbackInput[]) =>
    (await feedback.submit(inputs)).map(result =>
      result.status === 'refused' ? result.error.code : result.status,
    )
  return { feedback, journal, learner, statuses }
}

describe('feedback', () => {
  it('on a stored decision is committed and learned from', async () => {
    const { feedback, journal, learner } = feedbackOver(new MemoryJournal(), [decisionOf('d')])
    const results = await feedback.submit([judgement('d', 0.25)])
    expect(results).toEqual([{ status: 'accepted', observationId: 'd' }])
    expect(journal.rows).toEqual([
      expect.objectContaining({
        kind: 'feedback',
        decisionId: 'd',
        arm: 'up/fast',
        tenant: 'default',
        quality: 0.25,
        outcome: 'success',
        latency: null,
      }),
    ])
    expect(learner.seen.length).toBe(1)
  })

  it('may come before its decision is stored', async () => {
    const { feedback, statuses } = feedbackOver()
    expect(await statuses(judgement('d'))).toEqual(['unknown_decision'])
    feedback.remember(decisionOf('d'))
    expect(await statuses(judgement('d'))).toEqual(['accepted'])
  })

  it('takes the place of what the answer said of itself, once however many judge it', async () => {
    const refused = { ...decisionOf('d'), signal: { name: 'refusal', worth: 0.3 } } as const
    const { journal, statuses } = feedbackOver(new MemoryJournal(), [refused])
    const second = judgement('d', 0.9, { observationId: 'second judge' })
    expect(await statuses(second, judgement('d'))).toEqual(['accepted', 'accepted'])
    await statuses(judgement('d', 0.1, { observationId: 'third judge' }))
    expect(journal.rows.map(row => row.kind)).toEqual(['feedback', 'replacement', 'feedback', 'feedback'])
    expect(journal.rows[1]).toMatchObject({ decisionId: 'd', arm: 'up/fast', quality: null })
  })

  it('counts alone where it comes before the answer has ended', async () => {
    const { feedback, statuses } = feedbackOver()
    const { id } = decisionOf('d')
    feedback.remember(decisionOf('d'))
    expect(feedback.isJudged(id)).toBe(false)
    await statuses(judgement('d'))
    expect(feedback.isJudged(id)).toBe(true)
    feedback.remember(decisionOf('d'))
    expect(feedback.isJudged(id)).toBe(true)
  })

  it('counts once, also within a batch and under a name of its own', async () => {
    const { journal, statuses } = feedbackOver(new MemoryJournal(), [decisionOf('d')])
    const named = judgement('d', 0.9, { observationId: 'second judge' })
    expect(await statuses(judgement('d'), judgement('d', 0.1), named)).toEqual([
      'accepted',
      'duplicate',
      'accepted',
    ])
    expect(await statuses(judgement('d', 1), named)).toEqual(['duplicate', 'duplicate'])
    expect(journal.rows.map(row => row.quality)).toEqual([0.5, 0.9])
  })

  it('counts once when it comes twice at the same time', async () => {
    const journal = new MemoryJournal({ byHand: true })
    const { learner, statuses } = feedbackOver(journal, [decisionOf('d'), decisionOf('e')])
    const first = statuses(judgement('d'), judgement('e'))
    const second = statuses(judgement('e'), judgement('d'))
    await settled()
    expect(journal.waiting.length).toBe(1)
    journal.commit()
    expect(await Promise.all([first, second])).toEqual([
      ['accepted', 'accepted'],
      ['duplicate', 'duplicate'],
    ])
    expect(learner.seen.length).toBe(2)
  })

  it('is no duplicate of one that was not stored', async () => {
    const journal = new MemoryJournal({ byHand: true })
    const { statuses } = feedbackOver(journal, [decisionOf('d')])
    const first = statuses(judgement('d'), judgement('d'))
    const second = statuses(judgement('d'))
    await settled()
    journal.refuse()
    expect(await first).toEqual(['overloaded', 'overloaded'])
    await settled()
    journal.commit()
    expect(await second).toEqual(['accepted'])
  })

  it('on an answer whose model the client had named is stored, and learned as such', async () => {
    const { learner, statuses } = feedbackOver(new MemoryJournal(), [decisionOf('d', true), decisionOf('e')])
    expect(await statuses(judgement('d'), judgement('e'))).toEqual(['accepted', 'accepted'])
    expect([...learner.pinned]).toEqual(['default:d'])
  })

  it("does not tell that another tenant's decision exists", async () => {
    const { journal, statuses } = feedbackOver(new MemoryJournal(), [decisionOf('d')])
    expect(await statuses(judgement('d', 0.5, { tenant: 'other' as TenantId }))).toEqual(['unknown_decision'])
    expect(journal.rows).toEqual([])
  })

  it('keeps the names of one tenant apart from those of another', async () => {
    const { statuses } = feedbackOver()
    const named = outside({ observationId: 'one' })
    expect(await statuses(named, { ...named, tenant: 'other' as TenantId }, named)).toEqual([
      'accepted',
      'accepted',
      'duplicate',
    ])
  })

  it('takes an outside observation as it is, each time where it has no name', async () => {
    const { journal, statuses } = feedbackOver()
    expect(await statuses(outside(), outside({ quality: null, usage: null, cost: null }))).toEqual([
      'accepted',
      'accepted',
    ])
    expect(journal.rows[0]).toMatchObject({
      kind: 'outside',
      decisionId: null,
      outcome: 'success',
      quality: 0.7,
      latency: 120,
      usage: { inputTokens: 3, outputTokens: 4, estimated: false },
      cost: 5,
    })
  })

  it('says of each input of a batch what became of it', async () => {
    const { statuses } = feedbackOver(new MemoryJournal(), [decisionOf('d')])
    const inputs = [
      judgement('nobody'),
      judgement('d'),
      judgement('d', 2),
      outside({ arm: 'up/good' as ArmId }),
    ]
    expect(await statuses(...inputs)).toEqual([
      'unknown_decision',
      'accepted',
      'invalid_request',
      'unknown_model',
    ])
  })

  const usage = { inputTokens: 1, outputTokens: 1, estimated: false }
  const illegal: readonly [field: string, input: FeedbackInput][] = [
    ['quality', judgement('d', 1.01)],
    ['quality', judgement('d', -0.01)],
    ['quality', judgement('d', Number.NaN)],
    ['quality', judgement('d', null as unknown as number)],
    ['quality', outside({ quality: Number.POSITIVE_INFINITY })],
    ['outcome', outside({ outcome: 'splendid' as 'success' })],
    ['latency', outside({ latency: milliseconds(-1) })],
    ['timeToFirstToken', outside({ timeToFirstToken: milliseconds(Number.NaN) })],
    ['usage.inputTokens', outside({ usage: { ...usage, inputTokens: -1 } })],
    ['usage.outputTokens', outside({ usage: { ...usage, outputTokens: 0.5 } })],
    ['cost', outside({ cost: microUsd(-1) })],
    ['observationId', outside({ observationId: '' })],
    ['observationId', outside({ observationId: 'x'.repeat(201) })],
    ['observationId', outside({ observationId: 'a\u0000b' })],
  ]
  it.each(illegal)('with an illegal %s is refused by that name', async (field, input) => {
    const { feedback, journal } = feedbackOver(new MemoryJournal(), [decisionOf('d')])
    const [result] = await feedback.submit([input])
    expect(result).toMatchObject({
      status: 'refused',
      error: { code: 'invalid_request', problems: [{ field }] },
    })
    expect(journal.rows).toEqual([])
  })

  it('is taken up to 1,000 at once', async () => {
    const { feedback } = feedbackOver()
    expect((await feedback.submit(Array.from({ length: 1_000 }, () => outside()))).length).toBe(1_000)
    await expect(feedback.submit(Array.from({ length: 1_001 }, () => outside()))).rejects.toMatchObject({
      code: 'invalid_request',
    })
    expect(await feedback.submit([])).toEqual([])
  })

  it('can be sent again where the database could not be asked', async () => {
    const { service } = serviceOver(new MemoryJournal())
    const journal = new MemoryJournal()
    let away = true
    const feedback = new FeedbackService({
      observations: service,
      decisions: { find: async () => decisionOf('d') },
      stored: { known: ids => (away ? Promise.reject(new Error('away')) : journal.known(ids)) },
      registry: { arm: () => undefined },
      clock: new ManualClock(),
      random: new SeededRandom(1),
    })
    await expect(feedback.submit([judgement('d')])).rejects.toThrow('away')
    away = false
    expect(await feedback.submit([judgement('d')])).toMatchObject([{ status: 'accepted' }])
  })

  it('counts each name once, whatever comes together and however commits fail', async () => {
    const batches = fc.array(fc.array(fc.nat(6), { minLength: 1, maxLength: 5 }), { maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(batches, fc.array(fc.boolean(), { maxLength: 10 }), async (submissions, refusals) => {
        const journal = new MemoryJournal({ byHand: true })
        const { learner, statuses } = feedbackOver(journal)
        const told = submissions.map(names =>
          statuses(...names.map(name => outside({ observationId: `${name}` }))),
        )
        for (await settled(); journal.waiting.length > 0; await settled()) {
          if (refusals.pop() === true) journal.refuse()
          else journal.commit()
        }
        const accepted = (await Promise.all(told)).flatMap((results, batch) =>
          results.flatMap((status, index) =>
            status === 'accepted' ? [`default:${submissions[batch]?.[index]}`] : [],
          ),
        )
        for (const stored of [accepted, learner.seen, journal.rows.map(row => row.id)]) {
          expect(stored.length).toBe(new Set(accepted).size)
          expect(new Set<string>(stored)).toEqual(new Set(accepted))
        }
      }),
      { numRuns: 200 },
    )
  })
})
