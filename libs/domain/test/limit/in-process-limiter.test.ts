import { typescriptNative } from '@atp/native'
import { describe, expect, it } from 'vitest'
import { InProcessLimiter, type Limit } from '../../src/limit/index.ts'

const SECOND = 1_000_000
const limits: readonly Limit[] = [
  { kind: 'sliding', id: 'rps', counts: 'requests', windowUs: SECOND, amount: 5 },
]

describe('limits of this process', () => {
  it('are forgotten for tenants who stay away', async () => {
    let nowUs = 1_700_000_000 * SECOND
    const limiter = new InProcessLimiter({ nowUs: () => nowUs, native: typescriptNative })
    const admit = (tenant: string) =>
      limiter.admit({
        tenant,
        reservation: 'r',
        limits,
        estimate: { tokens: 0, cost: 0 },
        requests: 1,
        leaseMs: 1_000,
      })
    for (let tenant = 0; tenant < 1_000; tenant += 1) await admit(`t${tenant}`)
    expect(limiter.tenants).toBe(1_000)
    nowUs += 3_600 * SECOND
    for (let request = 0; request < 1_002; request += 1) await admit('still here')
    expect(limiter.tenants).toBe(1)
  })
})
