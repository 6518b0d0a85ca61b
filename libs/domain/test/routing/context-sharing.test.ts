import { ManualClock } from '@atp/core/clock'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { StoredContext } from '../../src/observation/index.ts'
import { InProcessSums } from '../../src/replication/index.ts'
import { sumKeyOf } from '../../src/routing/contexts/context-parts.ts'
import { readArms } from '../../src/routing/contexts/context-row.ts'
import { MOST_A_ROUND } from '../../src/routing/contexts/context-sharing.ts'
import { type ContextKey, ContextStore } from '../../src/routing/index.ts'
import { settled } from '../observation/observations.ts'
import { FlakySums } from '../replication/flaky-sums.ts'
import { MemoryContexts } from './memory-contexts.ts'

const TASKS = ['one', 'two', 'three']

const RUNS = process.env.ATP_VERIFY === 'full' ? 20_000 : 500

let names = 0

/** Counts in contexts, with a journal and a snapshot, so that it can crash. */
class Replica {
  readonly contexts = new MemoryContexts()
  readonly clock = new ManualClock()
  readonly #name: string
  readonly #sums: FlakySums
  readonly #capacity: number
  readonly #journal: string[] = []
  #snapshot = 0
  store!: ContextStore
  #sharing!: ReturnType<ContextStore['share']>

  private constructor(name: string, sums: FlakySums, capacity: number) {
    this.#name = name
    this.#sums = sums
    this.#capacity = capacity
  }

  static async begin(name: string, sums: FlakySums, capacity: number): Promise<Replica> {
    const replica = new Replica(name, sums, capacity)
    await replica.crash()
    return replica
  }

  count(task: string): void {
    this.#journal.push(task)
    this.#learn(task)
    this.store.reached(this.#journal.length)
  }

  total(task: string): number {
    return this.store.find({ tenant: 'acme', task })?.qualities[0] ?? 0
  }

  exchange(): Promise<void> {
    return this.#sharing.exchange()
  }

  async save(): Promise<void> {
    const sequence = this.#journal.length
    await this.store.capture()()
    this.#snapshot = sequence
  }

  /** What is in memory is gone; the journal and what is stored is not. */
  async crash(): Promise<void> {
    this.contexts.failing = false
    const { contexts: repository, clock } = this
    const options = { repository, capacity: this.#capacity, clock, warn: () => {} }
    this.store = new ContextStore(options, Number.POSITIVE_INFINITY)
    this.store.addArm('up/a' as never)
    await this.store.beginReplay(this.#snapshot)
    for (let at = this.#snapshot; at < this.#journal.length; at += 1) {
      this.#learn(this.#journal[at] as string, at + 1)
      this.store.reached(at + 1)
    }
    await this.store.endReplay()
    const newName = () => `name${names++}`
    this.#sharing = this.store.share({ sums: this.#sums, replica: this.#name, newName })
  }

  #learn(task: string, sequence?: number): void {
    const qualities = this.store.learn({ tenant: 'acme', task }, sequence)?.qualities
    if (qualities !== undefined) qualities[0] = (qualities[0] as number) + 1
  }
}

async function cluster(size: number, capacity: number) {
  const sums = new FlakySums()
  const replicas = await Promise.all(
    Array.from({ length: size }, (_, k) => Replica.begin(`r${k}`, sums, capacity)),
  )
  /** Until everybody has told and heard of each task, one after the other. */
  const quiesce = async (tasks = TASKS) => {
    sums.lose = 'nothing'
    for (const each of replicas) each.contexts.failing = false
    const totals: Record<string, number[]> = {}
    for (let round = 0; round < 4; round += 1) {
      for (const { clock } of replicas) clock.advance(1_000)
      for (const task of tasks) {
        for (const each of replicas) {
          each.total(task)
          await settled()
          await each.exchange()
        }
        totals[task] = replicas.map(each => each.total(task))
      }
    }
    return totals
  }
  return { sums, replicas, quiesce }
}

interface Step {
  readonly replica: number
  readonly task: string
  readonly does: string
  readonly lose: string
}

/** Rounds that go on beside what comes next. */
class Background {
  rounds: Promise<unknown> = Promise.resolve()

  add(round: Promise<unknown>): void {
    this.rounds = Promise.all([this.rounds, round])
  }
}

async function act(replica: Replica, { task, does }: Step, background: Background): Promise<void> {
  const failed = () => undefined
  if (does === 'count') replica.count(task)
  else if (does === 'use') replica.total(task)
  else if (does === 'exchange') await replica.exchange().catch(failed)
  else if (does === 'begin') background.add(replica.exchange().catch(failed))
  else if (does === 'save') await replica.save().catch(failed)
  else if (does === 'fail') replica.contexts.failing = !replica.contexts.failing
  else {
    await background.rounds
    await settled()
    await replica.crash()
  }
}

describe('contexts of replicas', () => {
  it('hold what all were taught there, counted once, whatever was lost, evicted or killed on the way', async () => {
    const step = fc.record({
      replica: fc.nat({ max: 1 }),
      task: fc.constantFrom(...TASKS),
      does: fc.constantFrom(
        'count',
        'count',
        'use',
        'exchange',
        'exchange',
        'begin',
        'save',
        'crash',
        'fail',
      ),
      lose: fc.constantFrom('nothing', 'nothing', 'questions', 'answers'),
    })
    const run = fc.tuple(fc.constantFrom(1, 2, 10), fc.array(step, { maxLength: 60 }))
    const property = fc.asyncProperty(run, async ([capacity, steps]) => {
      const { sums, replicas, quiesce } = await cluster(2, capacity)
      const background = new Background()
      for (const each of steps) {
        sums.lose = each.lose as FlakySums['lose']
        await act(replicas[each.replica] as Replica, each, background)
      }
      await background.rounds
      const totals = await quiesce()
      for (const task of TASKS) {
        const taught = steps.filter(each => each.does === 'count' && each.task === task).length
        expect(totals[task], task).toEqual([taught, taught])
      }
    })
    await fc.assert(property, { numRuns: RUNS })
  })

  it('are told a bounded number a round, those that wait longest first, and each once', async () => {
    const { sums, replicas } = await cluster(1, 1_000)
    const [replica] = replicas as [Replica]
    const tasks = Array.from({ length: 2 * MOST_A_ROUND + 50 }, (_, n) => `${n}`)
    for (const task of tasks) replica.count(task)
    await settled()
    const told = async () => {
      sums.changed.clear()
      await replica.exchange()
      return Array.from(sums.changed)
    }
    const keys = tasks.map(task => `/context/["acme","${task}"]`)
    expect(await told()).toEqual(keys.slice(0, MOST_A_ROUND))
    expect(await told()).toEqual(keys.slice(MOST_A_ROUND, 2 * MOST_A_ROUND))
    expect(await told()).toEqual(keys.slice(2 * MOST_A_ROUND))
    expect(await told()).toEqual([])
  })

  it('are heard a bounded number a round, in turn, where they are used, and cost nothing where they are not', async () => {
    const { sums, replicas } = await cluster(1, 1_000)
    const [replica] = replicas as [Replica]
    const asked = async () => {
      sums.asked.clear()
      await replica.exchange()
      return sums.asked.size
    }
    for (let n = 0; n < MOST_A_ROUND + 50; n += 1) replica.total(`${n}`)
    await settled()
    expect([await asked(), await asked(), await asked()]).toEqual([MOST_A_ROUND, 50, 0])
    replica.total('7')
    expect(await asked()).toBe(1)
    expect([...sums.asked]).toEqual(['/context/["acme","7"]'])
  })

  it('that nobody taught have no sum', async () => {
    const { sums, replicas } = await cluster(1, 10)
    replicas[0]?.total('one')
    await settled()
    await replicas[0]?.exchange()
    expect(await sums.store.read('/context/["acme","one"]', 'r0')).toMatchObject({ lineage: null })
  })

  it('are told of before they are let go of, without being loaded again', async () => {
    const { replicas } = await cluster(2, 1)
    const [one, other] = replicas as [Replica, Replica]
    for (const task of TASKS) {
      one.count(task)
      await settled()
    }
    await one.exchange()
    for (const task of TASKS) {
      other.total(task)
      await settled()
      await other.exchange()
      expect(other.total(task), task).toBe(1)
    }
    expect(one.contexts.loaded).toEqual(TASKS)
  })

  it('are begun anew from what is known here where the store has lost them', async () => {
    const { sums, replicas, quiesce } = await cluster(2, 10)
    const [one, other] = replicas as [Replica, Replica]
    for (const each of [one, other]) for (const task of TASKS) each.count(task)
    await quiesce()
    sums.store = new InProcessSums()
    one.count('two')
    expect(await quiesce()).toEqual({ one: [2, 2], two: [3, 3], three: [2, 2] })
  })

  it('are begun anew where the shared figures are illegal', async () => {
    const { sums, replicas, quiesce } = await cluster(2, 10)
    for (const each of replicas) each.count('one')
    await quiesce()
    const key = '/context/["acme","one"]'
    const { lineage } = await sums.store.read(key, 'r0')
    const part = {
      halfLifeMs: Number.POSITIVE_INFINITY,
      at: 0,
      changes: 0,
      first: 0,
      most: Number.POSITIVE_INFINITY,
    }
    const sum = new Map([['quality/up/a', { ...part, figures: Float64Array.of(Number.NaN, 0) }]])
    await sums.store.seed(key, { replica: 'x', sequence: 1, instead: lineage, lineage: 'bad', sum })
    expect(await quiesce(['one'])).toEqual({ one: [2, 2] })
  })

  it('that were taught before replicas were known are told when they are loaded', async () => {
    const { replicas } = await cluster(2, 10)
    const [one, other] = replicas as [Replica, Replica]
    const arms = { 'up/a': [1, 7, 0, 0, 0, 0, 0] }
    await one.contexts.saveContexts([{ tenant: 'acme', task: 'one', appliedSequence: 7, savedAt: 0, arms }])
    for (const each of [one, other]) {
      each.total('one')
      await settled()
      await each.exchange()
    }
    expect(other.total('one')).toBe(7)
  })
})

describe('a context that another replica stored', () => {
  it('counts as told: that one tells it', async () => {
    const { replicas, quiesce } = await cluster(2, 10)
    const [one, other] = replicas as [Replica, Replica]
    one.count('one')
    await one.save()
    // As a database does that all replicas write to: of the reader's own observations it holds none.
    const [row] = one.contexts.rows.values() as Iterable<StoredContext>
    await other.contexts.saveContexts([{ ...(row as StoredContext), appliedSequence: 0 }])
    other.count('one')
    expect(await quiesce(['one'])).toEqual({ one: [2, 2] })
  })
})

describe('a row whose note of sharing is corrupt', () => {
  const legal = { told: 1, base: { 'up/a': [1, 1, 0, 0, 0, 0, 0] }, offer: { sequence: 2 } }
  it.each([
    ['no object', 7],
    ['no sequence', { ...legal, told: -1 }],
    ['a name that is none', { ...legal, replica: 3 }],
    ['an illegal base', { ...legal, base: { 'up/a': [1, -1, 0, 0, 0, 0, 0] } }],
    ['an offer without a sequence', { ...legal, offer: {} }],
    ['an offer of illegal figures', { ...legal, offer: { sequence: 2, known: { 'up/a': 'many' } } }],
  ])('counts as told: %s', (_name, note) => {
    const read = (shared: unknown) => {
      const arms = { 'up/a': [1, 3, 0, 0, 0, 0, 0], '': shared }
      return readArms({ appliedSequence: 2, arms }, Number.POSITIVE_INFINITY).shared
    }
    expect(read(legal)).toMatchObject({ told: 1, offer: { sequence: 2 } })
    expect(read(note)).toEqual({ replica: null, told: 0, base: read(legal)?.offer?.known, offer: null })
  })
})

describe('the name of the sum of a context', () => {
  it('is one that no other context has, and no arm', () => {
    const text = fc.oneof(fc.string(), fc.constantFrom('a', 'a/b', 'a","b', '/', ''))
    const key = fc.record({ tenant: text, task: fc.option(text) })
    const isSame = (a: ContextKey, b: ContextKey) => a.tenant === b.tenant && a.task === b.task
    fc.assert(
      fc.property(key, key, (a, b) => {
        expect(sumKeyOf(a) === sumKeyOf(b)).toBe(isSame(a, b))
        expect(sumKeyOf(a)).toMatch(/^\//)
      }),
    )
  })
})
