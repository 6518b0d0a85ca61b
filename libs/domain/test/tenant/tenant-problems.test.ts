import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DEFAULT_SETTINGS, type LimitDefinition, type Tenant } from '../../src/tenant/index.ts'
import { tenantProblems } from '../../src/tenant/tenant-problems.ts'

const tenant = (differs: Partial<Record<keyof Tenant, unknown>> = {}): Tenant =>
  ({ ...DEFAULT_SETTINGS, id: 'acme', name: 'Acme', ...differs }) as Tenant

const fieldsOf = (wrong: Tenant): string[] => tenantProblems(wrong).map(({ field }) => field)

/** Up to 71 years. */
const duration = fc
  .constantFrom(['ms', 99_999_999], ['s', 99_999_999], ['m', 37_000_000], ['h', 620_000], ['d', 26_000])
  .chain(([unit, max]) => fc.integer({ min: 1, max: max as number }).map(count => `${count}${unit}`))

const windowed = fc.record({
  scope: fc.constantFrom('tenant', 'key', 'model'),
  counts: fc.constantFrom('requests', 'tokens'),
  per: fc.oneof(duration, fc.constantFrom('day', 'month')),
  amount: fc.nat(),
})
const concurrent = fc.record({
  scope: fc.constantFrom('tenant', 'key', 'model'),
  counts: fc.constant('concurrent'),
  per: fc.constant(null),
  amount: fc.nat(),
})
const limits = fc.array(fc.oneof(windowed, concurrent), { maxLength: 32 }) as fc.Arbitrary<LimitDefinition[]>

describe('a tenant', () => {
  it('of sound limits has no problem', () => {
    fc.assert(
      fc.property(limits, sound => {
        expect(tenantProblems(tenant({ limits: sound }))).toEqual([])
      }),
    )
  })

  it('has an id that can stand in every line and key: no colon, no blank, no capital', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 70 }), id => {
        const isSound = id.length <= 64 && /^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/.test(id)
        expect(fieldsOf(tenant({ id }))).toEqual(isSound ? [] : ['id'])
      }),
    )
    for (const id of ['a', 'a-b', 'acme.de', 'a_1']) expect(fieldsOf(tenant({ id }))).toEqual([])
    for (const id of ['', 'A', 'a:b', 'a b', '-a', 'a-', 'a\n', 'ä']) {
      expect(fieldsOf(tenant({ id })), id).toEqual(['id'])
    }
  })

  it('lives in a time zone that there is', () => {
    expect(fieldsOf(tenant({ timeZone: 'America/St_Johns' }))).toEqual([])
    for (const timeZone of ['', 'Mars', 'Europe/Berlin ']) {
      expect(fieldsOf(tenant({ timeZone })), timeZone).toEqual(['time_zone'])
    }
  })

  it.each<[Partial<LimitDefinition>, string]>([
    [{ per: 'week' }, 'per'],
    [{ per: '1.5m' }, 'per'],
    [{ per: null }, 'per'],
    [{ counts: 'concurrent', per: 'day' }, 'per'],
    [{ amount: 1.5 }, 'amount'],
    [{ counts: 'tokens', amount: Number.NaN }, 'amount'],
    [{ key: 'k' }, 'key'],
    [{ model: 'm' }, 'model'],
    [{ burst: 11 }, 'burst'],
    [{ per: 'day', burst: 1 }, 'burst'],
    // What no limiter could count: each request would be refused as not valid.
    [{ per: '99999d' }, 'per'],
    [{ counts: 'cost_usd', amount: 1e10 }, 'amount'],
    [{ counts: 'tokens', per: '1d', amount: 1_234_567, burst: 1_000_000 }, 'burst'],
  ])('is told which part of a limit is wrong: %j', (differs, part) => {
    const limit = { scope: 'tenant', counts: 'requests', per: '1m', amount: 10, ...differs } as const
    expect(fieldsOf(tenant({ limits: [limit] }))).toEqual([`limits[0].${part}`])
  })

  it('has a name for each limit, also beside one that is named by what it counts', () => {
    const limit = { scope: 'tenant', counts: 'requests', per: '1m', amount: 1 } as const
    const taken = { ...limit, id: 'requests-1m-0' }
    expect(fieldsOf(tenant({ limits: [limit, taken] }))).toEqual(['limits[1].id'])
    expect(fieldsOf(tenant({ limits: [taken, limit] }))).toEqual([])
  })

  it('has at most 32 limits', () => {
    const limit = { scope: 'tenant', counts: 'requests', per: '1m', amount: 1 }
    expect(fieldsOf(tenant({ limits: Array(33).fill(limit) }))).toEqual(['limits'])
  })
})
