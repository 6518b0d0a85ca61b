import type { LimitDefinition } from '@atp/domain/tenant'
import { beforeEach, describe, expect, it } from 'vitest'
import { NewQuotas } from '../../src/limits/new-quotas.ts'
import { tenantOf } from './limit-reports.ts'

const usd: LimitDefinition = { id: 'usd', scope: 'tenant', counts: 'cost_usd', per: 'day', amount: 10 }
const rpm: LimitDefinition = { id: 'rpm', scope: 'tenant', counts: 'requests', per: '1m', amount: 10 }

let invalidated: string[]
let away: boolean
let quotas: NewQuotas

beforeEach(() => {
  invalidated = []
  away = false
  quotas = new NewQuotas({
    invalidate: async tenant => {
      invalidated.push(tenant)
      if (away) throw new Error('Redis is away')
    },
  })
})

const change = (before: readonly LimitDefinition[], after: readonly LimitDefinition[]) =>
  quotas.changed(tenantOf(before), tenantOf(after))

describe('a quota that is new', () => {
  it.each<[string, readonly LimitDefinition[], readonly LimitDefinition[]]>([
    ['is added', [rpm], [rpm, usd]],
    ['gets a name', [{ ...usd, id: 'cost_usd-day-0' }], [usd]],
    ['counts something else', [usd], [{ ...usd, counts: 'tokens' }]],
    ['counts for longer', [usd], [{ ...usd, per: 'month' }]],
    ['counts each key', [usd], [{ ...usd, scope: 'key' }]],
    [
      'counts another model',
      [{ ...usd, scope: 'model', model: 'a' }],
      [{ ...usd, scope: 'model', model: 'b' }],
    ],
  ])('has counters summed up again where one %s, before anything is decided', async (_, before, after) => {
    change(before, after)
    expect(invalidated).toEqual(['acme'])
    expect(quotas.settled('other')).toBeNull()
    expect(quotas.settled('acme')).not.toBeNull()
    await quotas.settled('acme')
    expect(quotas.settled('acme')).toBeNull()
    expect(invalidated).toHaveLength(1)
  })

  it.each<[string, readonly LimitDefinition[], readonly LimitDefinition[]]>([
    ['has another amount', [usd], [{ ...usd, amount: 20 }]],
    ['has another place', [usd, rpm], [rpm, usd]],
    ['is taken away', [usd, rpm], [rpm]],
    ['is a rate', [usd], [usd, rpm]],
  ])('is none that %s', (_, before, after) => {
    change(before, after)
    expect([invalidated, quotas.settled('acme')]).toEqual([[], null])
  })

  it('is tried again by the next request while the limits are away, and holds none up', async () => {
    away = true
    change([], [usd])
    await quotas.settled('acme')
    away = false
    await quotas.settled('acme')
    expect(invalidated).toHaveLength(2)
    expect(quotas.settled('acme')).toBeNull()
  })
})
