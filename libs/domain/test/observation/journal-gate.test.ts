/** Where a commit is not the last word: an answer waits for it, the next commit doesn't. */
import { AtpError } from '@atp/core/errors'
import { describe, expect, it } from 'vitest'
import { ObservationService } from '../../src/observation/index.ts'
import { MemoryJournal } from './memory-journal.ts'
import { observationOf, RecordingLearner, settled } from './observations.ts'

function gated() {
  const waiting: PromiseWithResolvers<void>[] = []
  const gate = {
    full: null as AtpError | null,
    refusal: () => gate.full,
    confirmed: () => {
      const confirmed = Promise.withResolvers<void>()
      waiting.push(confirmed)
      return confirmed.promise
    },
  }
  const learner = new RecordingLearner()
  const service = new ObservationService({
    journal: new MemoryJournal(),
    gate,
    learner,
    queueLimit: 100,
    schedule: flush => void queueMicrotask(flush),
  })
  const outcomes: string[] = []
  const record = (id: string) =>
    void service.record(null, [observationOf(id)]).then(
      () => outcomes.push(`${id} recorded`),
      (error: AtpError) => outcomes.push(`${id} ${error.code}`),
    )
  return { gate, learner, service, waiting, outcomes, record }
}

const unavailable = () => new AtpError('storage_unavailable', { detail: 'away' })

describe('a record that is to be confirmed', () => {
  it('is learned from at its commit, and acknowledged when it is confirmed, whatever comes meanwhile', async () => {
    const { learner, waiting, outcomes, record } = gated()
    record('a')
    await settled()
    record('b')
    await settled()
    expect(learner.seen).toEqual(['a', 'b'])
    expect(outcomes).toEqual([])
    waiting[1]?.resolve()
    await settled()
    waiting[0]?.reject(unavailable())
    await settled()
    expect(outcomes).toEqual(['b recorded', 'a storage_unavailable'])
  })

  it('holds the end of a drain', async () => {
    const { service, waiting, outcomes, record } = gated()
    record('a')
    await settled()
    let drained = false
    const end = service.drain().then(() => {
      drained = true
    })
    await settled()
    expect(drained).toBe(false)
    waiting[0]?.resolve()
    await end
    expect(outcomes).toEqual(['a recorded'])
  })
})

it('work that could not be recorded is refused before it begins', () => {
  const { service, gate } = gated()
  expect(() => service.requireRoom()).not.toThrow()
  gate.full = unavailable()
  expect(() => service.requireRoom()).toThrow(expect.objectContaining({ code: 'storage_unavailable' }))
})
