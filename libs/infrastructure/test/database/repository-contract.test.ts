import { Secret } from '@atp/core/secret'
import {
  type ContextRepository,
  type DecisionRepository,
  type Journal,
  NO_CONTEXT,
  type ObservationRepository,
  type SnapshotRepository,
  type StoredContext,
} from '@atp/domain/observation'
import { postgresForTests } from '@atp/test-services'
import fc from 'fast-check'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { PostgresDatabase } from '../../src/database/index.ts'
import { anyDecision, anyObservation, batch, decision, observation } from './records.ts'
import { openJournal } from './stores.ts'

type Store = Journal & DecisionRepository & ObservationRepository & SnapshotRepository & ContextRepository

const REFUSED = { name: 'refusal', worth: 0.3 } as const

const server = await postgresForTests()
afterAll(async () => {
  if (server.missing === null) await server.stop()
})

const stores = [
  { name: 'SQLite', missing: null, open: async (): Promise<Store> => (await openJournal()).journal },
  { name: 'Postgres', missing: server.missing, open: openPostgres },
]

async function openPostgres(): Promise<Store> {
  if (server.missing !== null) throw new Error(server.missing)
  const database = new PostgresDatabase({
    url: new Secret(await server.createDatabase()),
    replica: 'replica-of-the-test',
  })
  onTestFinished(() => database.close())
  return database
}

for (const { name, missing, open } of stores) {
  describe.skipIf(missing !== null)(missing === null ? name : `${name} (skipped: ${missing})`, () => {
    it('gives observations back in the order of commit, after a sequence, up to a limit', async () => {
      const store = await open()
      const [a, b, c] = [observation(), observation(), observation()]
      const first = await store.append(batch([a, b]))
      const second = await store.append(batch([c]))
      expect(second).toBeGreaterThan(first)
      const all = await store.after(0, 10)
      expect(all.map(row => row.observation)).toEqual([a, b, c])
      expect(all.map(row => row.sequence)).toEqual([...all.map(row => row.sequence)].sort((x, y) => x - y))
      expect(all.map(row => row.sequence)[1]).toBe(first)
      expect((await store.after(first, 10)).map(row => row.observation)).toEqual([c])
      expect((await store.after(0, 2)).map(row => row.observation)).toEqual([a, b])
      expect(await store.after(second, 10)).toEqual([])
    })

    it('leaves rows as they are whose id is there already', async () => {
      const store = await open()
      const [first, other] = [observation({ quality: 0.5 }), observation()]
      const chosen = decision({ arm: 'a/a' })
      const sequence = await store.append(batch([first], [chosen]))
      expect(await store.append(batch([first], [chosen]))).toBe(sequence)
      await store.append(batch([{ ...first, quality: 1 }, other], [{ ...chosen, tenant: other.tenant }]))
      expect((await store.after(0, 10)).map(row => row.observation)).toEqual([first, other])
    })

    it('takes the first of two rows of one id in one batch', async () => {
      const store = await open()
      const first = observation()
      await store.append(batch([first, { ...first, quality: 0 }, first]))
      expect((await store.after(0, 10)).map(row => row.observation)).toEqual([first])
    })

    it('finds a decision by its id', async () => {
      const store = await open()
      const chosen = decision({
        arm: 'mistral/large',
        pinned: true,
        tenant: 'acme',
        task: 'summary',
        features: 'AACAPw==',
        signal: REFUSED,
      })
      await store.append(batch([], [decision(), chosen, decision()]))
      expect(await store.find(chosen.id)).toEqual({
        id: chosen.id,
        tenant: 'acme',
        task: 'summary',
        arm: 'mistral/large',
        pinned: true,
        features: chosen.features,
        signal: REFUSED,
        at: chosen.at,
      })
      expect(await store.find('nobody' as never)).toBeNull()
    })

    it('says of an observation whether its decision was pinned, and what its prompt looked like and what its answer said of itself', async () => {
      const store = await open()
      const [pinned, free] = [
        decision({ pinned: true }),
        decision({ task: 'code', features: 'AACAPw==', signal: REFUSED }),
      ]
      await store.append(
        batch(
          [
            observation({ decisionId: pinned.id }),
            observation({ decisionId: free.id }),
            observation({ kind: 'outside', decisionId: null }),
          ],
          [pinned, free],
        ),
      )
      expect((await store.after(0, 10)).map(row => row.context)).toEqual([
        { task: null, pinned: true, features: null, signal: null, at: pinned.at },
        { task: 'code', pinned: false, features: 'AACAPw==', signal: REFUSED, at: free.at },
        NO_CONTEXT,
      ])
    })

    it('treats an observation whose decision is unknown as pinned: nothing is learned from it as if chosen', async () => {
      const store = await open()
      await store.append(batch([observation({ decisionId: 'gone' })]))
      expect((await store.after(0, 10)).map(row => row.context.pinned)).toEqual([true])
    })

    it('knows which ids are stored, thousands at a time', async () => {
      const store = await open()
      const stored = Array.from({ length: 2_500 }, () => observation())
      await store.append(batch(stored))
      const ids = stored.map(each => each.id)
      expect(await store.known([...ids, 'stranger'])).toEqual(new Set(ids))
      expect(await store.known([])).toEqual(new Set())
    })

    it('commits an empty batch and answers with the last sequence', async () => {
      const store = await open()
      expect(await store.append(batch([]))).toBe(0)
      const sequence = await store.append(batch([observation()]))
      expect(await store.append(batch([]))).toBe(sequence)
    })

    it('commits concurrent batches, each whole', async () => {
      const store = await open()
      const batches = Array.from({ length: 40 }, () => [observation(), observation(), observation()])
      await Promise.all(batches.map(rows => store.append(batch(rows))))
      const ids = (await store.after(0, 1_000)).map(row => row.observation.id)
      expect(ids).toHaveLength(120)
      for (const rows of batches) {
        const from = ids.indexOf(rows[0]?.id as never)
        expect(ids.slice(from, from + 3)).toEqual(rows.map(row => row.id))
      }
    })

    it('keeps every value of an observation', async () => {
      const store = await open()
      let sequence = 0
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(anyObservation, { selector: each => each.id, maxLength: 8 }),
          async rows => {
            const before = sequence
            sequence = await store.append(batch(rows))
            expect((await store.after(before, 100)).map(row => row.observation)).toEqual(rows)
          },
        ),
        { numRuns: 60 },
      )
    })

    it('keeps what feedback needs of any decision', async () => {
      const store = await open()
      await fc.assert(
        fc.asyncProperty(anyDecision, async chosen => {
          await store.append(batch([], [chosen]))
          const { id, tenant, task, arm, pinned, features, signal, at } = chosen
          expect(await store.find(id)).toEqual({ id, tenant, task, arm, pinned, features, signal, at })
        }),
        { numRuns: 60 },
      )
    })

    it('has no snapshot at first, then the last that was saved, number for number', async () => {
      const store = await open()
      expect(await store.load()).toBeNull()
      const arms = {
        'a/ü': { alpha: 0.1 + 0.2, beta: Number.MIN_VALUE, deep: [1e300, null, 'text', { x: -7 }] },
      }
      await store.save({ appliedSequence: 3, takenAt: 10, arms: {} })
      await store.save({ appliedSequence: Number.MAX_SAFE_INTEGER, takenAt: 11, arms })
      expect(await store.load()).toEqual({ appliedSequence: Number.MAX_SAFE_INTEGER, takenAt: 11, arms })
    })

    const context = (fields: Partial<StoredContext> = {}): StoredContext => ({
      tenant: 'acme',
      task: 'summary',
      appliedSequence: 5,
      savedAt: 7,
      arms: { 'a/ü': [1, 0.1 + 0.2, Number.MIN_VALUE, 1e300] },
      ...fields,
    })

    it('gives a context back, number for number, by tenant and task', async () => {
      const store = await open()
      expect(await store.loadContext({ tenant: 'acme', task: 'summary' })).toBeNull()
      const all = [context(), context({ task: null, arms: {} }), context({ tenant: 'other', savedAt: 9 })]
      await store.saveContexts(all)
      for (const { tenant, task, ...rest } of all) {
        expect(await store.loadContext({ tenant, task })).toEqual({ tenant, task, ...rest })
      }
      expect(await store.loadContext({ tenant: 'other', task: null })).toBeNull()
    })

    it('replaces a context, and leaves one of a later sequence as it is', async () => {
      const store = await open()
      await store.saveContexts([context()])
      const newer = context({ appliedSequence: Number.MAX_SAFE_INTEGER, savedAt: 8, arms: { 'a/a': [2] } })
      await store.saveContexts([newer])
      await store.saveContexts([context({ savedAt: 9 })])
      expect(await store.loadContext(newer)).toEqual(newer)
    })

    it('takes thousands of contexts at once, and says which are ahead of a sequence', async () => {
      const store = await open()
      const all = Array.from({ length: 2_500 }, (_, n) => context({ task: `${n}`, appliedSequence: n }))
      await store.saveContexts(all)
      await store.saveContexts([])
      await store.saveContexts([context({ task: null, appliedSequence: 2_600 })])
      const ahead = await store.contextsAhead(2_498)
      expect([...ahead].sort((a, b) => a.appliedSequence - b.appliedSequence)).toEqual([
        { tenant: 'acme', task: '2499', appliedSequence: 2_499 },
        { tenant: 'acme', task: null, appliedSequence: 2_600 },
      ])
    })

    it('refuses a context with a number that is not finite', async () => {
      const store = await open()
      const illegal = context({ arms: { 'a/a': [1, Number.NaN] } })
      await expect(store.saveContexts([context(), illegal])).rejects.toThrow(/found NaN at 'arms\.a\/a\.1'/)
      expect(await store.loadContext(illegal)).toBeNull()
    })

    it('refuses a snapshot with a number that is not finite, and says where', async () => {
      const store = await open()
      const arms = { 'a/a': { latency: [1, 2, Number.NaN] } }
      await expect(store.save({ appliedSequence: 1, takenAt: 1, arms })).rejects.toThrow(
        /found NaN at 'arms\.a\/a\.latency\.2'/,
      )
      expect(await store.load()).toBeNull()
    })
  })
}
