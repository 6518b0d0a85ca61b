import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InProcessSums } from '../../src/replication/index.ts'
import { CountingReplica, counted } from './counting-replica.ts'
import { FlakySums } from './flaky-sums.ts'

function cluster(size: number) {
  const sums = new FlakySums()
  let names = 0
  const newName = () => `name${names++}`
  const replicas = Array.from({ length: size }, (_, k) => new CountingReplica(`r${k}`, sums, newName))
  const quiesce = async () => {
    sums.lose = 'nothing'
    for (let round = 0; round < 3; round++) for (const replica of replicas) await replica.exchange()
  }
  return { sums, replicas, quiesce }
}

describe('replicas that exchange what they have learned', () => {
  it('know what all know, counted once, whatever was lost on the way and whoever crashed', async () => {
    const step = fc.record({
      replica: fc.nat({ max: 2 }),
      does: fc.constantFrom('count', 'count', 'exchange', 'exchange', 'save', 'crash'),
      lose: fc.constantFrom('nothing', 'nothing', 'questions', 'answers'),
      amount: fc.integer({ min: 1, max: 1_000 }),
    })
    const property = fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
      const { sums, replicas, quiesce } = cluster(3)
      let total = 0
      for (const { replica: which, does, lose, amount } of steps) {
        const replica = replicas[which] as CountingReplica
        sums.lose = lose as FlakySums['lose']
        if (does === 'count') {
          replica.count(amount)
          total += amount
        } else if (does === 'exchange') await replica.exchange().catch(() => undefined)
        else if (does === 'save') replica.save()
        else replica.crash()
      }
      await quiesce()
      expect(replicas.map(each => each.total)).toEqual([total, total, total])
    })
    // Its answer is lost, the other and itself go on counting: what is told next must be what was told before.
    const lostAnswer = [
      { replica: 2, does: 'exchange', lose: 'nothing', amount: 1 },
      { replica: 2, does: 'count', lose: 'nothing', amount: 1 },
      { replica: 2, does: 'exchange', lose: 'answers', amount: 1 },
      { replica: 1, does: 'count', lose: 'nothing', amount: 1 },
      { replica: 2, does: 'count', lose: 'nothing', amount: 1 },
    ] as const
    await fc.assert(property, { numRuns: 500, examples: [[[...lostAnswer]]] })
  })

  it('count what comes while an exchange is under way', async () => {
    const { replicas, quiesce } = cluster(2)
    const [a, b] = replicas as [CountingReplica, CountingReplica]
    a.count(1)
    const under = Promise.all([a.exchange(), b.exchange()])
    a.count(10)
    b.count(100)
    await under
    await quiesce()
    expect([a.total, b.total]).toEqual([111, 111])
  })

  it('begin the sum anew where the store has lost it, from what they know', async () => {
    const { sums, replicas, quiesce } = cluster(3)
    for (const [at, replica] of replicas.entries()) replica.count(10 ** at)
    await quiesce()
    sums.store = new InProcessSums()
    replicas[2]?.count(1_000)
    await quiesce()
    expect(replicas.map(({ total }) => total)).toEqual([1_111, 1_111, 1_111])
  })

  it('begin it anew where the store went back to an earlier one', async () => {
    const { sums, replicas, quiesce } = cluster(2)
    replicas[0]?.count(1)
    await quiesce()
    const earlier = await sums.store.read('count', 'r0')
    replicas[0]?.count(10)
    await quiesce()
    sums.store = new InProcessSums()
    await sums.store.seed('count', {
      replica: 'r0',
      sequence: 1,
      instead: null,
      lineage: earlier.lineage as string,
      sum: counted([1]),
    })
    await quiesce()
    expect(replicas.map(({ total }) => total)).toEqual([11, 11])
  })

  it('begin it anew where it is corrupt', async () => {
    const { sums, replicas, quiesce } = cluster(2)
    for (const replica of replicas) replica.count(1)
    await quiesce()
    const { lineage } = await sums.store.read('count', 'r0')
    await sums.store.seed('count', {
      replica: 'x',
      sequence: 1,
      instead: lineage,
      lineage: 'bad',
      sum: counted([Number.NaN]),
    })
    await quiesce()
    expect(replicas.map(({ total }) => total)).toEqual([2, 2])
  })

  it('are told from a replica whose journal is older than what it told, as after a restored backup', async () => {
    const { replicas, sums, quiesce } = cluster(2)
    for (let each = 0; each < 5; each++) replicas[0]?.count(1)
    await quiesce()
    const restored = new CountingReplica('r0', sums, () => 'later')
    restored.count(100)
    await restored.exchange()
    await restored.exchange()
    await quiesce()
    expect([restored.total, replicas[1]?.total]).toEqual([105, 105])
  })
})
