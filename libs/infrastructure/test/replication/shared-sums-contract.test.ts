import { randomUUID } from 'node:crypto'
import { Secret } from '@atp/core/secret'
import { add, InProcessSums, type Part, type Parts, type SharedSums } from '@atp/domain/replication'
import { redisForTests } from '@atp/test-services'
import fc from 'fast-check'
import type { Redis } from 'ioredis'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { connectRedis } from '../../src/redis/connect.ts'
import { RedisSums } from '../../src/replication/index.ts'
import { ADD, READ, SEED } from '../../src/replication/scripts.ts'

const HOUR = 3_600_000
const NOW = 1_700_000_000_000

const server = await redisForTests()
const redis: Redis | null =
  server.missing === null ? connectRedis({ url: new Secret(server.url), commandTimeoutMs: 10_000 }) : null
if (redis !== null) await new Promise<void>(resolve => redis.once('ready', () => resolve()))

afterAll(async () => {
  redis?.disconnect()
  if (server.missing === null) await server.stop()
})

const stores: readonly (readonly [string, SharedSums | null])[] = [
  ['in this process', new InProcessSums()],
  [
    server.missing === null ? 'in Redis' : `in Redis (skipped: ${server.missing})`,
    redis && new RedisSums(redis, 'test'),
  ],
]

function part(figures: readonly number[], differs: Partial<Part> = {}): Part {
  return {
    halfLifeMs: HOUR,
    at: NOW,
    changes: 0,
    first: 0,
    most: Number.POSITIVE_INFINITY,
    ...differs,
    figures: Float64Array.from(figures),
  }
}

function parts(figures: readonly number[], differs: Partial<Part> = {}): Parts {
  return new Map([['quality', part(figures, differs)]])
}

/** Figures by their index, whatever zeros are left out. */
function figuresOf(sum: Parts | null, name = 'quality'): Record<number, number> {
  const { first, figures } = (sum as Parts).get(name) as Part
  return Object.fromEntries([...figures.entries()].filter(([, x]) => x !== 0).map(([k, x]) => [first + k, x]))
}

describe.each(stores)('sums of replicas %s', (_name, store) => {
  const sums = store as SharedSums
  let key = ''

  beforeEach(() => {
    key = `test/${randomUUID()}`
  })

  it.skipIf(store === null)('are not there before one begins them', async () => {
    expect(await sums.read(key, 'a')).toMatchObject({ lineage: null, told: 0 })
    const told = { replica: 'a', sequence: 1, told: 0, lineage: 'x', delta: parts([1]) }
    expect(await sums.add(key, told)).toMatchObject({ lineage: null, told: 0 })
    expect(await sums.read(key, 'a')).toMatchObject({ lineage: null })
  })

  it.skipIf(store === null)('are begun by the first, whom the others follow', async () => {
    const first = { replica: 'a', sequence: 7, instead: null, lineage: 'x', sum: parts([1, 2]) }
    const begun = await sums.seed(key, first)
    expect(begun).toMatchObject({ lineage: 'x', told: 7 })
    const late = { ...first, replica: 'b', sequence: 3, lineage: 'y', sum: parts([50]) }
    expect(await sums.seed(key, late)).toEqual({ ...begun, told: 0 })
  })

  it.skipIf(store === null)('count a telling once, and only on top of the one before', async () => {
    await sums.seed(key, { replica: 'a', sequence: 1, instead: null, lineage: 'x', sum: parts([1, 1]) })
    const telling = { replica: 'b', sequence: 5, told: 0, lineage: 'x', delta: parts([2, 3]) }
    for (let time = 0; time < 2; time++) {
      const { told, sum } = await sums.add(key, telling)
      expect([told, figuresOf(sum)]).toEqual([5, { 0: 3, 1: 4 }])
    }
    const strays = [
      { ...telling, sequence: 9, told: 4 },
      { ...telling, sequence: 9, told: 5, lineage: 'y' },
      { ...telling, sequence: 4, told: 5 },
    ]
    for (const stray of strays) expect(figuresOf((await sums.add(key, stray)).sum)).toEqual({ 0: 3, 1: 4 })
    const next = await sums.add(key, { ...telling, sequence: 9, told: 5 })
    expect([next.told, figuresOf(next.sum)]).toEqual([9, { 0: 5, 1: 7 }])
  })

  it.skipIf(store === null)('are begun anew by one of those who saw them last', async () => {
    await sums.seed(key, { replica: 'a', sequence: 1, instead: null, lineage: 'x', sum: parts([1]) })
    const anew = { replica: 'b', sequence: 2, instead: 'x', lineage: 'y', sum: parts([9], { changes: 2 }) }
    expect(await sums.seed(key, anew)).toMatchObject({ lineage: 'y', told: 2 })
    expect(await sums.seed(key, { ...anew, lineage: 'z' })).toMatchObject({ lineage: 'y' })
    expect(await sums.read(key, 'a')).toMatchObject({ lineage: 'y', told: 0 })
  })

  it.skipIf(store === null)('let evidence fade, and what was before a change', async () => {
    await sums.seed(key, { replica: 'a', sequence: 1, instead: null, lineage: 'x', sum: parts([8, 4]) })
    const later = parts([1], { at: NOW + 2 * HOUR, first: 1, changes: 1 })
    const { sum } = await sums.add(key, { replica: 'a', sequence: 2, told: 1, lineage: 'x', delta: later })
    expect(sum?.get('quality')).toMatchObject({ at: NOW + 2 * HOUR, changes: 1 })
    expect(figuresOf(sum)[0]).toBeCloseTo(8 * 0.25 * 0.05, 12)
    expect(figuresOf(sum)[1]).toBeCloseTo(4 * 0.25 * 0.05 + 1, 12)
  })

  it.skipIf(store === null)('keep the last figures only, where a window moves on', async () => {
    const window = (first: number, ...figures: number[]) => parts(figures, { first, most: 4 })
    await sums.seed(key, { replica: 'a', sequence: 1, instead: null, lineage: 'x', sum: window(6, 1, 2) })
    const tell = (sequence: number, delta: Parts) =>
      sums.add(key, { replica: 'a', sequence, told: sequence - 1, lineage: 'x', delta })
    expect(figuresOf((await tell(2, window(7, 10, 20, 30))).sum)).toEqual({ 6: 1, 7: 12, 8: 20, 9: 30 })
    expect(figuresOf((await tell(3, window(10, 5))).sum)).toEqual({ 7: 12, 8: 20, 9: 30, 10: 5 })
    expect(figuresOf((await tell(4, window(5, 9, 9, 9))).sum)).toEqual({ 7: 21, 8: 20, 9: 30, 10: 5 })
    expect(figuresOf((await tell(5, window(1_000_000_000, 7))).sum)).toEqual({ 1000000000: 7 })
  })

  it.skipIf(store === null)('come to the same in any order, and to what adding up says', async () => {
    const figure = fc.double({ min: -1e6, max: 1e6, noNaN: true })
    const deltas = fc.array(
      fc.record({
        name: fc.constantFrom('quality', 'regression/37'),
        at: fc.integer({ min: 0, max: 10 * HOUR }).map(later => NOW + later),
        changes: fc.integer({ min: 0, max: 2 }),
        first: fc.integer({ min: 0, max: 90 }),
        figures: fc.array(figure, { minLength: 1, maxLength: 200 }),
      }),
      { minLength: 1, maxLength: 5 },
    )
    const property = fc.asyncProperty(deltas, fc.boolean(), async (all, backwards) => {
      const id = `${key}/${randomUUID()}`
      const told = all.map(({ name, figures, ...differs }) => new Map([[name, part(figures, differs)]]))
      await sums.seed(id, { replica: 'z', sequence: 1, instead: null, lineage: 'x', sum: new Map() })
      let expected: Parts = new Map()
      for (const [at, delta] of (backwards ? told.toReversed() : told).entries()) {
        await sums.add(id, { replica: `${at}`, sequence: 1, told: 0, lineage: 'x', delta })
      }
      for (const delta of told) expected = add(expected, delta)
      const { sum } = await sums.read(id, 'z')
      for (const name of expected.keys()) {
        const [found, wanted] = [figuresOf(sum, name), figuresOf(expected, name)]
        for (const k of new Set([...Object.keys(found), ...Object.keys(wanted)])) {
          expect(found[Number(k)] ?? 0).toBeCloseTo(wanted[Number(k)] ?? 0, 6)
        }
      }
    })
    await fc.assert(property, { numRuns: 50 })
  })
})

describe.skipIf(redis === null)('a sum in Redis that many have told to', () => {
  it('answers each of them with what it told itself alone', async () => {
    const key = `test/${randomUUID()}`
    const sums = new RedisSums(redis as Redis, 'test')
    await sums.seed(key, { replica: 'a', sequence: 1, instead: null, lineage: 'x', sum: parts([1]) })
    await sums.add(key, { replica: 'b', sequence: 5, told: 0, lineage: 'x', delta: parts([1]) })
    const asks = [
      [READ, 'b'],
      [ADD, 'b', 9, 4, 'x', 0.05],
      [SEED, 'b', 9, '', 'y'],
    ] as const
    for (const [script, ...args] of asks) {
      const answer = (await redis?.eval(script, 1, `{test:learned:1}:${key}`, ...args)) as string[]
      const fields = new Set(answer.filter((_, at) => at % 2 === 0))
      expect(fields).toEqual(new Set(['lineage', 'part:quality', 'told:b']))
    }
  })
})

describe.skipIf(redis === null)('a sum in Redis that was damaged', () => {
  it.each([Buffer.from('x'), Buffer.alloc(32), Buffer.alloc(0)])(
    'is said to be unreadable: %o',
    async bytes => {
      const key = `test/${randomUUID()}`
      const sums = new RedisSums(redis as Redis, 'test')
      await sums.seed(key, { replica: 'a', sequence: 1, instead: null, lineage: 'x', sum: parts([1]) })
      await redis?.hset(`{test:learned:1}:${key}`, 'part:quality', bytes)
      expect(await sums.read(key, 'a')).toEqual({ lineage: 'x', told: 1, sum: null })
      const telling = { replica: 'a', sequence: 2, told: 1, lineage: 'x', delta: parts([1]) }
      expect(await sums.add(key, telling)).toMatchObject({ lineage: 'x', sum: null })
    },
  )
})
