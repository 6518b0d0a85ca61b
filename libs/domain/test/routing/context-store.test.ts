import type { TenantId } from '@atp/core/ids'
import { describe, expect, it } from 'vitest'
import { NO_CONTEXT, recover } from '../../src/observation/index.ts'
import { MOST_LEAVING } from '../../src/routing/contexts/context-saver.ts'
import { MemoryJournal } from '../observation/memory-journal.ts'
import { settled } from '../observation/observations.ts'
import { armOf, requestOf, routingOver } from './catalogue.ts'
import { MemoryContexts } from './memory-contexts.ts'
import { observationOf } from './observations.ts'

const ARMS = [armOf('a'), armOf('b')]

function gatewayOver(contexts = new MemoryContexts(), capacity = 1_000) {
  const setup = routingOver(ARMS, Number.POSITIVE_INFINITY, null, 0, 1, contexts, capacity)
  for (const arm of ARMS) setup.learned.of(arm)
  let sequence = 0
  return {
    ...setup,
    contexts,
    /** One commit of `times` judgements. */
    judge(task: string | null, arm: 'a' | 'b', quality: number, times = 1) {
      for (let k = 0; k < times; k += 1) {
        const observation = observationOf(`up/${arm}`, { quality, at: setup.clock.now() })
        setup.learned.apply({ ...observation, kind: 'feedback' }, { ...NO_CONTEXT, task })
      }
      sequence += times
      setup.learned.reached(sequence)
    },
    quality(task: string | null, arm: 'a' | 'b'): number {
      const plan = setup.router.plan(requestOf({ task, strategy: 'greedy' }))
      const found = plan.candidates.find(candidate => candidate.arm === `up/${arm}`)
      return found?.estimate.qualityMean as number
    },
    best: (task: string | null) =>
      setup.router.plan(requestOf({ task, strategy: 'greedy' })).candidates[0]?.arm,
    /** As a snapshot does. */
    save: () => setup.learned.contexts.capture()(),
  }
}

describe('a context', () => {
  it('decides as its parent does, and learns what is best there', () => {
    const { judge, best } = gatewayOver()
    judge(null, 'a', 1, 600)
    judge(null, 'b', 0.5, 600)
    expect(best('summary')).toBe('up/a')
    judge('summary', 'a', 0, 60)
    judge('summary', 'b', 1, 60)
    expect(best('summary')).toBe('up/b')
    expect(best('code')).toBe('up/a')
  })

  it('is every tenant of its own, and none of the built-in tenant without a task', () => {
    const { router, learned } = gatewayOver()
    router.plan(requestOf())
    expect(learned.contexts.counts).toMatchObject({ size: 0, misses: 0 })
    router.plan(requestOf({ tenant: 'acme' as TenantId }))
    router.plan(requestOf({ tenant: 'acme' as TenantId, task: 'code' }))
    router.plan(requestOf({ task: 'code' }))
    router.plan(requestOf({ task: 'code' }))
    expect(learned.contexts.counts).toMatchObject({ size: 3, misses: 3, evictions: 0 })
  })

  it('teaches its parent as much as an answer without one', () => {
    const [with_, without] = [gatewayOver(), gatewayOver()]
    with_.judge('code', 'a', 0.8, 20)
    without.judge(null, 'a', 0.8, 20)
    expect(with_.quality(null, 'a')).toBe(without.quality(null, 'a'))
  })
})

describe('the contexts in memory', () => {
  it('are the last ones used; what has to go is stored, and comes back', async () => {
    const { judge, quality, learned, contexts } = gatewayOver(new MemoryContexts(), 2)
    judge('one', 'a', 1, 30)
    await settled()
    const before = quality('one', 'a')
    quality('two', 'a')
    quality('three', 'a')
    await settled()
    expect(learned.contexts.counts).toMatchObject({ size: 2, evictions: 1 })
    expect(contexts.rows.get('default/one')?.appliedSequence).toBe(30)
    const parent = quality('four', 'a')
    expect(quality('one', 'a')).toBeCloseTo(parent, 9)
    await settled()
    expect(quality('one', 'a')).toBeCloseTo(before, 9)
  })

  it('are used from the moment they are asked for: what is loaded is added to what was learned meanwhile', async () => {
    const contexts = new MemoryContexts()
    const first = gatewayOver(contexts)
    first.judge('code', 'a', 1, 10)
    await first.save()
    const second = gatewayOver(contexts)
    const { promise, resolve } = Promise.withResolvers<void>()
    contexts.gate = promise
    second.judge('code', 'a', 0, 10)
    resolve()
    await settled()
    const both = second.learned.contexts.find({ tenant: 'default', task: 'code' })?.qualities
    expect(Array.from(both?.slice(0, 2) ?? [])).toEqual([10, 10])
  })

  it('that are saved before they have come keep what was stored', async () => {
    const contexts = new MemoryContexts()
    const first = gatewayOver(contexts)
    first.judge('code', 'a', 1, 10)
    await first.save()
    const second = gatewayOver(contexts)
    second.learned.reached(10)
    const { promise, resolve } = Promise.withResolvers<void>()
    contexts.gate = promise
    second.judge('code', 'a', 0, 15)
    const saved = second.save()
    second.judge('code', 'a', 0, 10)
    resolve()
    await saved
    expect(contexts.rows.get('default/code')).toMatchObject({
      appliedSequence: 15,
      arms: { 'up/a': [1, 10, 15, expect.any(Number), 0, 0, 0] },
    })
  })

  it('that are saved before they have come hold each observation once when they come', async () => {
    const contexts = new MemoryContexts()
    const { judge, save, quality, learned, clock } = gatewayOver(contexts)
    contexts.failing = true
    judge('code', 'a', 1, 10)
    await settled()
    contexts.failing = false
    await save()
    clock.advance(1_000)
    quality('code', 'a')
    await settled()
    const figures = learned.contexts.find({ tenant: 'default', task: 'code' })?.qualities
    expect(figures?.[0]).toBe(10)
  })

  it('are loaded a few at a time', async () => {
    const contexts = new MemoryContexts()
    const { promise, resolve } = Promise.withResolvers<void>()
    contexts.gate = promise
    const { router } = gatewayOver(contexts)
    for (let n = 0; n < 100; n += 1) router.plan(requestOf({ task: `${n}` }))
    resolve()
    await settled()
    expect(contexts.mostUnderWay).toBe(16)
    expect(contexts.loaded.length).toBe(100)
  })

  it('serve on where the store is away, say so once, and are asked for again', async () => {
    const contexts = new MemoryContexts()
    const first = gatewayOver(contexts)
    first.judge('code', 'a', 1, 30)
    await first.save()
    contexts.failing = true
    const { quality, learned, clock } = gatewayOver(contexts)
    const parent = quality('code', 'a')
    await settled()
    quality('code', 'a')
    quality('other', 'a')
    await settled()
    expect(quality('code', 'a')).toBe(parent)
    expect(learned.contexts.counts.failures).toBe(2)
    contexts.failing = false
    clock.advance(1_000)
    quality('code', 'a')
    await settled()
    expect(quality('code', 'a')).toBeGreaterThan(parent)
  })

  it('that had to go while the store was away are not lost', async () => {
    const { judge, contexts, learned, quality, save, clock } = gatewayOver(new MemoryContexts(), 1)
    quality('one', 'a')
    await settled()
    judge('one', 'a', 1, 30)
    contexts.failing = true
    quality('two', 'a')
    await settled()
    expect(contexts.rows.size).toBe(0)
    await expect(save()).rejects.toThrow('away')
    contexts.failing = false
    clock.advance(1_000)
    await save()
    expect(contexts.rows.get('default/one')).toMatchObject({ appliedSequence: 30 })
    expect(learned.contexts.counts.failures).toBe(2)
  })

  it('take bounded memory while the store is away: the oldest that wait for it are given up', async () => {
    const { judge, contexts, save } = gatewayOver(new MemoryContexts(), 1)
    contexts.failing = true
    for (let n = 0; n < MOST_LEAVING + 50; n += 1) judge(`${n}`, 'a', 1)
    await settled()
    contexts.failing = false
    await save()
    expect(contexts.rows.size).toBe(MOST_LEAVING + 1)
    expect(contexts.rows.has('default/48')).toBe(false)
    expect(contexts.rows.has('default/49')).toBe(true)
  })

  it('are stored although others, whose turn to be loaded had not come, were given up meanwhile', async () => {
    const contexts = new MemoryContexts()
    const { judge, learned } = gatewayOver(contexts, 1)
    const { promise, resolve } = Promise.withResolvers<void>()
    contexts.gate = promise
    const early = 600
    for (let n = 0; n < early; n += 1) judge(`${n}`, 'a', 1)
    // They wait for their turns now.
    await settled()
    for (let n = early; n < early + MOST_LEAVING; n += 1) judge(`${n}`, 'a', 1)
    resolve()
    await expect.poll(() => contexts.rows.size).toBe(MOST_LEAVING)
    await learned.contexts.settle()
    expect(contexts.rows.has(`default/${early - 2}`)).toBe(false)
    expect(contexts.rows.has(`default/${early - 1}`)).toBe(true)
    expect(learned.contexts.counts.failures).toBe(0)
  })

  it('leave out what is stored and illegal', async () => {
    const contexts = new MemoryContexts()
    const arms = { 'up/a': [1, -5, 2, 0, 0, 0, 0], 'up/b': [1, 10, 0, 0, 0, 0, 0], 'up/gone': [9] }
    await contexts.saveContexts([{ tenant: 'default', task: 'code', appliedSequence: 1, savedAt: 0, arms }])
    const { quality, learned } = gatewayOver(contexts)
    quality('code', 'a')
    await settled()
    const figures = learned.contexts.find({ tenant: 'default', task: 'code' })?.qualities
    expect(Array.from(figures ?? [])).toEqual([0, 0, 0, 10, 0, 0])
  })

  it('remember an arm that is not registered now', async () => {
    const contexts = new MemoryContexts()
    const arms = { 'up/gone': [1, 3, 1, 0, 0, 0, 0] }
    await contexts.saveContexts([{ tenant: 'default', task: 'code', appliedSequence: 0, savedAt: 0, arms }])
    const { judge, learned, save } = gatewayOver(contexts)
    learned.contexts.find({ tenant: 'default', task: 'code' })
    await settled()
    judge('code', 'a', 1)
    await save()
    expect(contexts.rows.get('default/code')?.arms).toMatchObject({ 'up/gone': [1, 3, 1, 0, 0, 0, 0] })
    learned.of(armOf('gone'))
    const figures = learned.contexts.find({ tenant: 'default', task: 'code' })?.qualities
    expect(Array.from(figures?.slice(6) ?? [])).toEqual([3, 1, 0])
  })
})

describe('a stored context', () => {
  /** What a gateway learned in all, where it ended after `applied` of the observations were in its snapshot. */
  async function afterCrash(options: { capacity: number; spillAt: number; snapshotAt: number }) {
    const contexts = new MemoryContexts()
    const journal = new MemoryJournal()
    const tasks = ['one', 'two', 'one', 'one', 'two', 'three', 'one', 'two']
    const observations = tasks.map((task, n) => ({
      ...observationOf('up/a', { quality: n % 2 }),
      id: `${n}` as never,
      kind: 'feedback' as const,
      tenant: task as never,
    }))
    await journal.append({ decisions: [], observations })
    const before = gatewayOver(contexts, options.capacity)
    let snapshot = { appliedSequence: 0, takenAt: 0, arms: before.learned.snapshot() }
    for (const [n, observation] of observations.entries()) {
      before.learned.apply(observation, NO_CONTEXT)
      before.learned.reached(n + 1)
      await settled()
      if (n + 1 === options.spillAt) await before.save()
      if (n + 1 === options.snapshotAt) {
        snapshot = { appliedSequence: n + 1, takenAt: 0, arms: before.learned.snapshot() }
        await before.save()
      }
    }
    const after = gatewayOver(contexts, options.capacity)
    await recover({
      snapshots: { load: async () => snapshot, save: async () => {} },
      observations: journal,
      learner: after.learned,
      contexts: after.learned.contexts,
      warn: message => expect.fail(message),
      pageSize: 3,
    })
    const counts: Record<string, number[]> = {}
    for (const tenant of ['one', 'two', 'three']) {
      after.learned.contexts.find({ tenant, task: null })
      await settled()
      const figures = after.learned.contexts.find({ tenant, task: null })?.qualities
      counts[tenant] = Array.from(figures?.slice(0, 2) ?? [])
    }
    return counts
  }

  const ends = [0, 2, 3, 5, 8].flatMap(snapshotAt =>
    [0, 1, 4, 6, 8].flatMap(spillAt => [1, 2, 10].map(capacity => ({ snapshotAt, spillAt, capacity }))),
  )
  it.each(ends)(
    'holds each observation once after a crash: $snapshotAt in the snapshot, stored at $spillAt, $capacity in memory',
    async end => {
      expect(await afterCrash(end)).toEqual({ one: [1, 3], two: [2, 1], three: [1, 0] })
    },
  )
})
