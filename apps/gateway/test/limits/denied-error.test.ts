import { IN_FLIGHT_ID } from '@atp/domain/limit'
import { describe, expect, it } from 'vitest'
import { deniedError } from '../../src/limits/denied-error.ts'
import { reportOf } from './limit-reports.ts'

describe('a denial', () => {
  it('names the limit, how full it is, and when to come back', () => {
    const by = reportOf({}, { used: 9, reserved: 1, remaining: 0, resetMs: 1_500 })
    const error = deniedError({ kind: 'denied', by, retryAfterMs: 700, levels: [by] })
    expect(error).toMatchObject({
      code: 'rate_limit_exceeded',
      status: 429,
      message: "the tenant's limit 'rpm' of 10 requests in 1m has no room: 9 used and 1 reserved",
      retryAfterMs: 700,
      headers: { ratelimit: '"tenant/rpm";r=0;t=2' },
      context: {
        limit: {
          scope: 'tenant',
          level: 'rpm',
          counts: 'requests',
          per: '1m',
          limit: 10,
          used: 9,
          reserved: 1,
          reset_ms: 1_500,
        },
      },
    })
  })

  it('of a quota is another error, and tells money in dollars', () => {
    const by = reportOf({ id: 'usd', counts: 'cost_usd', per: 'month', amount: 2 }, { used: 1_500_000 })
    expect(deniedError({ kind: 'denied', by, retryAfterMs: null, levels: [by] })).toMatchObject({
      code: 'quota_exceeded',
      message: "the tenant's limit 'usd' of 2 cost_usd a month has no room: 1.5 used",
      retryAfterMs: undefined,
      context: { limit: { limit: 2, used: 1.5, reserved: 0 } },
    })
  })

  it('by what nobody wrote down, too many reservations at one time, is told alike', () => {
    const limit = { id: IN_FLIGHT_ID, kind: 'concurrent', amount: 10_000 } as const
    const by = { limit, used: 0, reserved: 10_000, remaining: 0, resetMs: null, exceeded: true }
    expect(deniedError({ kind: 'denied', by, retryAfterMs: 5, levels: [reportOf()] })).toMatchObject({
      code: 'rate_limit_exceeded',
      context: { limit: { scope: 'tenant', level: 'in-flight', counts: 'concurrent', reserved: 10_000 } },
    })
  })
})
