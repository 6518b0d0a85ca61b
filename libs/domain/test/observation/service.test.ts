import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Journal, NO_CONTEXT, ObservationService } from '../../src/observation/index.ts'
import { MemoryJournal } from './memory-journal.ts'
import { decisionOf, observationOf, RecordingLearner, serviceOver, settled } from './observations.ts'

const byHand = () => new MemoryJournal({ byHand: true })
const idsOf = (rows: readonly { readonly id: string }[]) => rows.map(row => row.id)

describe('the observation service', () => {
  it('resolves once decision and observations are committed and learned from', async () => {
    const journal = byHand()
    const { service, learner } = serviceOver(journal)
    let done = false
    const recorded = service.record(decisionOf('d'), [observationOf('a'), observationOf('b')])
    void recorded.then(() => {
      done = true
    })
    await settled()
    expect([done, learner.seen]).toEqual([false, []])
    journal.commit()
    await recorded
    expect(journal.decisions).toEqual(['d'])
    expect(learner.seen).toEqual(['a', 'b'])
    expect(service.appliedSequence).toBe(2)
  })

  it('commits together what one turn brings, and then what a commit kept waiting', async () => {
    const journal = byHand()
    const { service } = serviceOver(journal)
    const all = ['a', 'b'].map(id => service.record(null, [observationOf(id)]))
    await settled()
    all.push(...['c', 'd', 'e'].map(id => service.record(null, [observationOf(id)])))
    await settled()
    expect(journal.waiting.length).toBe(1)
    journal.commit()
    await settled()
    journal.commit()
    await Promise.all(all)
    expect(journal.commits).toEqual([2, 3])
    expect(idsOf(journal.rows)).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  it('gives the records of one group one promise', () => {
    const { service } = serviceOver(new MemoryJournal())
    const [a, b] = ['a', 'b'].map(id => service.record(null, [observationOf(id)]))
    expect(a).toBe(b)
  })

  it('tells the learner whether the client had named the model', async () => {
    const { service, learner } = serviceOver(new MemoryJournal())
    await Promise.all([
      service.record(decisionOf('routed'), [observationOf('a')]),
      service.record(decisionOf('named', true), [observationOf('b')]),
      service.record(null, [observationOf('c')], { ...NO_CONTEXT, pinned: true }),
      service.record(null, [observationOf('d')]),
    ])
    expect([...learner.pinned]).toEqual(['b', 'c'])
  })

  it('keeps a decision without observations', async () => {
    const journal = new MemoryJournal()
    await serviceOver(journal).service.record(decisionOf('d'), [])
    expect(journal.decisions).toEqual(['d'])
  })

  it('lets callers wait for room, in their order, and drops nothing', async () => {
    const journal = byHand()
    const { service } = serviceOver(journal, 2)
    const done: string[] = []
    const all = ['a', 'b', 'c', 'd', 'e'].map(id =>
      service.record(null, [observationOf(id)]).then(() => done.push(id)),
    )
    expect([service.pending, service.waiting, service.full]).toEqual([2, 3, true])
    await settled()
    journal.commit()
    await settled()
    expect(done).toEqual(['a', 'b'])
    expect([service.pending, service.waiting]).toEqual([2, 1])
    journal.commit()
    await settled()
    journal.commit()
    await Promise.all(all)
    expect(done).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect([service.pending, service.waiting, service.full]).toEqual([0, 0, false])
  })

  it('tells the callers of a refused group, learns nothing of it, and goes on with the next', async () => {
    const journal = byHand()
    const { service, learner } = serviceOver(journal)
    const refused = service.record(null, [observationOf('a')])
    await settled()
    const kept = service.record(null, [observationOf('b')])
    journal.refuse()
    await expect(refused).rejects.toMatchObject({
      code: 'overloaded',
      cause: expect.objectContaining({ message: 'the disk is full' }),
    })
    expect([learner.seen, service.appliedSequence]).toEqual([[], 0])
    journal.commit()
    await kept
    expect(learner.seen).toEqual(['b'])
    expect(service.pending).toBe(0)
  })

  it('survives an observation that the learner cannot digest', async () => {
    const { service, learner, warnings } = serviceOver(new MemoryJournal())
    await service.record(null, [observationOf('indigestible'), observationOf('b')])
    expect(learner.seen).toEqual(['b'])
    expect(warnings).toEqual([expect.stringContaining('indigestible')])
  })

  it('drains: commits what it has, waiting callers included, and takes nothing afterwards', async () => {
    const journal = byHand()
    const { service, learner } = serviceOver(journal, 1)
    const all = ['a', 'b'].map(id => service.record(null, [observationOf(id)]))
    const drained = service.drain()
    await settled()
    journal.commit()
    await settled()
    journal.commit()
    await drained
    await Promise.all(all)
    expect(learner.seen).toEqual(['a', 'b'])
    await expect(service.record(null, [observationOf('c')])).rejects.toMatchObject({ code: 'shutting_down' })
    await service.drain()
  })

  it('drains although the journal refuses', async () => {
    const journal = byHand()
    const { service } = serviceOver(journal)
    const refused = service.record(null, [observationOf('a')])
    const drained = service.drain()
    await settled()
    journal.refuse()
    await expect(refused).rejects.toMatchObject({ code: 'overloaded' })
    await drained
  })

  it('goes on from where a recovery has brought the learner', async () => {
    const { service } = serviceOver(new MemoryJournal())
    service.resumeFrom(7)
    await service.record(null, [observationOf('a')])
    expect(service.appliedSequence).toBe(7)
  })

  it.each([0, -1, 1.5, Number.NaN])('refuses a queue limit of %s', queueLimit => {
    expect(() => serviceOver(new MemoryJournal(), queueLimit)).toThrow(
      expect.objectContaining({ code: 'invalid_argument' }),
    )
  })

  it('keeps the order, loses nothing and doubles nothing, however commits fail and callers crowd', async () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ record: fc.integer({ min: 0, max: 3 }) }) },
      { weight: 2, arbitrary: fc.constantFrom('commit' as const, 'refuse' as const) },
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.integer({ min: 1, max: 5 }),
        async (steps, limit) => {
          const journal = byHand()
          const { service, learner } = serviceOver(journal, limit)
          const told: string[] = []
          const records: Promise<unknown>[] = []
          let made = 0
          for (const next of steps) {
            if (typeof next === 'object') {
              const rows = Array.from({ length: next.record }, () => observationOf(`${made++}`))
              const success = () => told.push(...idsOf(rows))
              records.push(service.record(null, rows).then(success, () => {}))
            } else if (journal.waiting.length > 0) journal[next]()
            if (made % 2 === 0) await settled()
            expect(service.pending).toBeLessThan(limit + 3)
          }
          const drained = service.drain()
          for (await settled(); journal.waiting.length > 0; await settled()) journal.commit()
          await Promise.all([drained, ...records])
          expect(idsOf(journal.rows)).toEqual(told)
          expect(learner.seen).toEqual(told)
          expect(told).toEqual([...told].sort((a, b) => Number(a) - Number(b)))
          expect(service.pending + service.waiting).toBe(0)
        },
      ),
      { numRuns: 200 },
    )
  })

  it('takes a million observations like the first, in bounded memory', async () => {
    const RECORDS = 1_000_000
    const CALLERS = 64
    let rows = 0
    const journal: Journal = {
      append: async batch => {
        rows += batch.observations.length
        return rows
      },
    }
    const learner = new RecordingLearner()
    let learned = 0
    learner.apply = () => {
      learned += 1
    }
    const service = new ObservationService({ journal, learner, queueLimit: 16, schedule: queueMicrotask })
    const garbageCollected = collector()
    let made = 0
    const caller = async (until: number): Promise<void> => {
      while (made < until) {
        made += 1
        await service.record(null, [observationOf('same')])
      }
    }
    const callers = (until: number) => Promise.all(Array.from({ length: CALLERS }, () => caller(until)))
    await callers(RECORDS / 10)
    garbageCollected()
    const before = process.memoryUsage().heapUsed
    await callers(RECORDS)
    garbageCollected()
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(5_000_000)
    expect([rows, learned, service.appliedSequence]).toEqual([made, made, made])
    expect(service.pending + service.waiting).toBe(0)
  })
})

/** The engine's own collector, so that only what is really held counts. */
function collector(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}
