import type { LevelReport } from '@atp/domain/limit'
import type { LimitDefinition } from '@atp/domain/tenant'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limitHeaders } from '../../src/limits/limit-headers.ts'
import { reportOf } from './limit-reports.ts'

/** RFC 9651: strings are visible ASCII between quotes, integers have up to 15 digits. */
const ITEM =
  /"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"(?:;[a-z*][a-z0-9_*.-]*=(?:-?\d{1,15}|"[\x20\x21\x23-\x5b\x5d-\x7e]*"))*/
const LIST = new RegExp(`^${ITEM.source}(?:, ${ITEM.source})*$`)

describe('the headers of limits', () => {
  it("say policy and state of each, and OpenAI's of the tightest on requests and tokens", () => {
    const headers = limitHeaders([
      reportOf({}, { remaining: 7, resetMs: 1_500 }),
      reportOf({ id: 'tpm', counts: 'tokens', amount: 900 }, { remaining: 500, resetMs: 2_000.5 }),
      reportOf({ id: 'rph', per: '1h', amount: 50 }, { remaining: 3, resetMs: 9_000 }),
      reportOf({ id: 'usd', counts: 'cost_usd', per: 'day', amount: 0.5 }, { remaining: 400_000 }),
      reportOf({ id: 'lanes', counts: 'concurrent', per: null }, { remaining: 1, resetMs: null }),
    ])
    expect(headers).toEqual({
      'ratelimit-policy':
        '"tenant/rpm";q=10;qu="requests";w=60, "tenant/tpm";q=900;qu="tokens";w=60, "tenant/rph";q=50;qu="requests";w=3600, ' +
        '"tenant/usd";q=500000;qu="micro-usd";w=86400, "tenant/lanes";q=10;qu="concurrent-requests"',
      ratelimit:
        '"tenant/rpm";r=7;t=2, "tenant/tpm";r=500;t=3, "tenant/rph";r=3;t=9, "tenant/usd";r=400000;t=2, "tenant/lanes";r=1',
      'x-ratelimit-limit-requests': '50',
      'x-ratelimit-remaining-requests': '3',
      'x-ratelimit-reset-requests': '9000ms',
      'x-ratelimit-limit-tokens': '900',
      'x-ratelimit-remaining-tokens': '500',
      'x-ratelimit-reset-tokens': '2001ms',
    })
  })

  it('say nothing of limits in shadow', () => {
    expect(limitHeaders([reportOf({ shadow: true })])).toEqual({})
    expect(limitHeaders([])).toEqual({})
    expect(limitHeaders([reportOf({ shadow: true }), reportOf()]).ratelimit).toBe('"tenant/rpm";r=10;t=2')
  })

  it('are lists of structured fields, whatever models and amounts are called', () => {
    const amount = fc.oneof(fc.nat(), fc.constant(2 ** 53 - 64))
    const level: fc.Arbitrary<LevelReport> = fc
      .record({
        name: fc.string({ minLength: 1, unit: 'binary' }),
        counts: fc.constantFrom('requests', 'tokens', 'cost_usd', 'concurrent'),
        per: fc.constantFrom('1ms', '7h', 'day', 'month'),
        amount,
        remaining: amount,
        resetMs: fc.option(fc.double({ min: 0, max: 1e12, noNaN: true })),
      })
      .map(({ name, counts, per, amount: most, remaining, resetMs }) => {
        const definition = {
          scope: 'tenant',
          counts,
          per: counts === 'concurrent' ? null : per,
        } as LimitDefinition
        const report = reportOf({ ...definition, amount: 10 }, { remaining, resetMs })
        return { ...report, limit: { ...report.limit, id: `model/${name}`, amount: most } } as LevelReport
      })
    fc.assert(
      fc.property(fc.array(level, { minLength: 1, maxLength: 4 }), levels => {
        const headers = limitHeaders(levels)
        expect(headers.ratelimit).toMatch(LIST)
        expect(headers['ratelimit-policy']).toMatch(LIST)
        // What Node lets stand in a header.
        expect(() => new Headers(headers)).not.toThrow()
      }),
    )
  })
})
