import type { TenantId } from '@atp/core/ids'
import { expect, it } from 'vitest'
import { LevelAging } from '../../src/limits/level-aging.ts'
import { tenantOf } from './limit-reports.ts'

const limits = [{ scope: 'key', counts: 'requests', per: '1m', amount: 1 }] as const
const tenants = Array.from({ length: 5_000 }, (_, at) => tenantOf(limits, { id: `t${at}` as TenantId }))

it('lets the levels of each tenant with limits age, all of them in an hour, whatever fails', async () => {
  const asked = new Set<string>()
  const forget = async (tenant: string) => {
    asked.add(tenant)
    if (tenant === 't7') throw new Error('away')
    return 0
  }
  const unlimited = tenantOf([], { id: 'unlimited' as TenantId })
  const aging = new LevelAging({ limiter: { forget }, tenants: () => [...tenants, unlimited] })
  await aging.step()
  expect(asked.size).toBe(2)
  for (let step = 1; step < 3_600; step++) await aging.step()
  expect(asked.size).toBe(5_000)
  expect(asked).not.toContain('unlimited')
})
