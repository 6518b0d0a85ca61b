import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Shares } from '../../src/limit/failover/away-policy.ts'
import { type BucketLimit, bucketScale, checkLimit, WINDOW_MAX_US } from '../../src/limit/index.ts'

const CAPACITY_MAX = 2 ** 52

/** Legal ones up to the widest: the burst is what the bound leaves. */
const buckets: fc.Arbitrary<BucketLimit> = fc
  .record({
    amount: fc.oneof(fc.integer({ min: 1, max: 1_000_000 }), fc.integer({ min: 1, max: WINDOW_MAX_US })),
    windowUs: fc.oneof(
      fc.integer({ min: 1, max: 86_400 }).map(seconds => seconds * 1_000_000),
      fc.integer({ min: 1, max: WINDOW_MAX_US }),
    ),
    part: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ amount, windowUs, part }) => {
    const limit = { kind: 'bucket', id: 'b', counts: 'tokens', amount, windowUs, burst: 1 } as const
    const most = Math.floor(CAPACITY_MAX / bucketScale(limit).unit)
    return { ...limit, burst: Math.max(1, Math.floor(part * most)) }
  })

describe('the share of a bucket', () => {
  it('is legal, and all shares together let no more through than the bucket, or one each', () => {
    const property = fc.property(buckets, fc.integer({ min: 1, max: 1_000 }), (limit, replicas) => {
      const share = new Shares().of(limit, replicas) as BucketLimit
      expect(() => checkLimit(share)).not.toThrow()
      expect(share.burst * replicas <= limit.burst || share.burst === 1).toBe(true)
      const [all, one] = [limit, share].map(({ amount, windowUs }) => amount / windowUs) as [number, number]
      expect(one * replicas <= all * (1 + 1e-12) || share.amount === 1).toBe(true)
    })
    fc.assert(property, { numRuns: 2_000 })
  })
})
