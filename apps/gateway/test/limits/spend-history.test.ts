import { ManualClock } from '@atp/core/clock'
import type { ArmId, KeyId, TenantId } from '@atp/core/ids'
import { type Counter, InProcessLimiter } from '@atp/domain/limit'
import type { LimitDefinition, Tenant, Usage, UsageQuery } from '@atp/domain/tenant'
import { typescriptNative } from '@atp/native'
import { beforeEach, describe, expect, it } from 'vitest'
import { CallBook, type PledgedCall } from '../../src/limits/call-book.ts'
import { RecordProgress } from '../../src/limits/record-progress.ts'
import { SpendHistory, type SpendHistoryOptions } from '../../src/limits/spend-history.ts'
import { tenantOf } from './limit-reports.ts'

/** 2023-11-14, 23:30 in Berlin. */
const NOW = Date.UTC(2023, 10, 14, 22, 30)
const row = (key: string, arm: string, differs: Partial<Usage> = {}): Usage => ({
  day: '2023-11-14',
  tenant: 'acme' as TenantId,
  key: key as KeyId,
  arm,
  calls: 2,
  inputTokens: 30,
  outputTokens: 12,
  costMicroUsd: 500,
  ...differs,
})
const limit = (differs: Partial<LimitDefinition>): LimitDefinition => ({
  scope: 'tenant',
  counts: 'cost_usd',
  per: 'day',
  amount: 10,
  ...differs,
})

let rows: Usage[]
let queries: UsageQuery[]
let told: (readonly Counter[])[]
let drained: number
let others: PledgedCall[]
let usage: SpendHistoryOptions['usage']
let history: SpendHistory
let clock: ManualClock
let current: Tenant | undefined
let invalidated: number

beforeEach(() => {
  rows = [row('a', 'up/small'), row('b', 'up/large', { calls: 1, costMicroUsd: 70 })]
  queries = []
  told = []
  drained = 5
  others = []
  current = undefined
  invalidated = 0
  clock = new ManualClock(NOW)
  usage = async query => {
    queries.push(query)
    return rows
  }
  history = new SpendHistory({
    limiter: {
      discard: async () => undefined,
      invalidate: async () => {
        invalidated += 1
      },
      rebuild: async (_tenant, counters) => {
        told.push(counters)
        return true
      },
    },
    usage: query => usage(query),
    calls: new CallBook({
      limiter: new InProcessLimiter({ native: typescriptNative, nowUs: () => 1_000 * clock.now() }),
      failover: null,
      record: new RecordProgress(
        { drainStatus: () => ({ last: 5, drained, lag: 5 - drained }) as never },
        clock,
      ),
      now: () => clock.monotonic(),
    }),
    peers: { callsOf: async () => others },
    tenant: () => current,
    arm: id => ({ id: id as ArmId, model: id.slice(3) }),
    clock,
  })
})

const pledged = (levels: readonly string[]): PledgedCall => {
  return { id: 'c1', key: 'a' as KeyId, arm: 'up/small', estimate: { tokens: 3, cost: 7 }, levels }
}
const sums = () => Object.fromEntries((told[0] ?? []).map(({ limit, settled }) => [limit.id, settled]))

describe('what a tenant has spent', () => {
  it('is summed by whose limit it is, and in what it counts', async () => {
    const limits = [
      limit({ id: 'usd' }),
      limit({ id: 'tokens', counts: 'tokens' }),
      limit({ id: 'calls', counts: 'requests' }),
      limit({ id: 'each', scope: 'key' }),
      limit({ id: 'large', scope: 'model', model: 'large' }),
      limit({ id: 'rpm', counts: 'requests', per: '1m' }),
    ]
    await history.rebuild(tenantOf(limits))
    expect(sums()).toEqual({
      'tenant/usd': 570,
      'tenant/tokens': 84,
      'tenant/calls': 3,
      'key/a/each': 500,
      'key/b/each': 70,
      'model/large/large': 70,
    })
  })

  it("is what was spent since the tenant's own day or month began, asked for once each, a day at a time", async () => {
    const limits = [limit({ id: 'one' }), limit({ id: 'two' }), limit({ id: 'month', per: 'month' })]
    await history.rebuild(tenantOf(limits, { timeZone: 'Asia/Tokyo' }))
    const asked = queries.map(({ from, until }) => [new Date(from as number).toISOString(), until])
    expect(asked[0]).toEqual(['2023-11-14T15:00:00.000Z', clock.now() + 3_600_000])
    expect(asked.slice(1).map(([from]) => from)).toEqual(
      Array.from({ length: 15 }, (_, day) => new Date(Date.UTC(2023, 9, 31 + day, 15)).toISOString()),
    )
    expect(asked.at(-1)?.[1]).toBe(clock.now() + 3_600_000)
  })

  it('leaves out the calls that count as reserved, but for the number of them', async () => {
    others = [pledged(['dcday:tenant/usd'])]
    const limits = [limit({ id: 'usd' }), limit({ id: 'calls', counts: 'requests' })]
    await history.rebuild(tenantOf(limits))
    expect(queries[0]).toMatchObject({ without: ['c1'] })
    expect(sums()).toEqual({ 'tenant/usd': 570, 'tenant/calls': 4 })
  })

  it('has what is under way as it was estimated in a quota that is newer', async () => {
    others = [pledged(['dcday:tenant/usd'])]
    const limits = [
      limit({ id: 'usd' }),
      limit({ id: 'new' }),
      limit({ id: 'tokens', counts: 'tokens', scope: 'key' }),
      limit({ id: 'large', scope: 'model', model: 'large' }),
    ]
    await history.rebuild(tenantOf(limits))
    expect(sums()).toEqual({
      'tenant/usd': 570,
      'tenant/new': 577,
      'key/a/tokens': 45,
      'key/b/tokens': 42,
      'model/large/large': 70,
    })
  })

  it('is summed again for the limits that came meanwhile', async () => {
    const [before, after] = [tenantOf([limit({ id: 'one' })]), tenantOf([limit({ id: 'two' })])]
    current = before
    usage = async () => {
      current = after
      return rows
    }
    await history.rebuild(before)
    expect(told.map(counters => counters.map(({ limit }) => limit.id))).toEqual([
      ['tenant/one'],
      ['tenant/two'],
    ])
    expect(invalidated).toBe(1)
  })

  it('is summed once for all who wait for it', async () => {
    const tenant = tenantOf([limit({})])
    await Promise.all([history.rebuild(tenant), history.rebuild(tenant), history.rebuild(tenant)])
    expect([queries.length, told.length]).toEqual([1, 1])
    await history.rebuild(tenant)
    expect(told).toHaveLength(2)
  })

  it('is not told before the database has what the journal had', async () => {
    drained = 4
    const rebuilding = history.rebuild(tenantOf([limit({})]))
    await new Promise(resolve => setImmediate(resolve))
    expect(queries).toEqual([])
    drained = 5
    await rebuilding
    expect(told).toHaveLength(1)
  })

  it('is not told where the record does not get complete, or cannot be read', async () => {
    drained = 4
    const waiting = history.rebuild(tenantOf([limit({})]))
    await new Promise(resolve => setImmediate(resolve))
    clock.advance(2_001)
    await expect(waiting).rejects.toMatchObject({ code: 'limits_unavailable', retryAfterMs: 1_000 })
    drained = 5
    usage = () => Promise.reject(new Error('the database is away'))
    await expect(history.rebuild(tenantOf([limit({})]))).rejects.toMatchObject({ code: 'limits_unavailable' })
    expect(told).toEqual([])
  })
})
