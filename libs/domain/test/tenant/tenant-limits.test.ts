import type { ArmId, KeyId, TenantId } from '@atp/core/ids'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkLimit } from '../../src/limit/index.ts'
import {
  DEFAULT_SETTINGS,
  type LimitDefinition,
  type Subject,
  type Tenant,
  TenantLimits,
} from '../../src/tenant/index.ts'

const subject = (key: string | null, adapter: string, model: string): Subject => ({
  key: key as KeyId | null,
  arm: { id: `${adapter}/${model}` as ArmId, model },
})
const tenant = (limits: readonly LimitDefinition[], differs: Partial<Tenant> = {}): Tenant => ({
  ...DEFAULT_SETTINGS,
  id: 'acme' as TenantId,
  name: 'Acme',
  limits,
  ...differs,
})
const rpm: LimitDefinition = { id: 'rpm', scope: 'tenant', counts: 'requests', per: '1m', amount: 10 }
const idsOf = (limits: readonly LimitDefinition[], whose: Subject) =>
  new TenantLimits().of(tenant(limits), whose).map(({ id }) => id)

describe("a tenant's limits", () => {
  it.each<[Partial<LimitDefinition>, object]>([
    [{}, { kind: 'sliding', counts: 'requests', windowUs: 60_000_000, amount: 10 }],
    [{ per: '250ms' }, { kind: 'sliding', windowUs: 250_000 }],
    [{ per: '2d' }, { kind: 'sliding', windowUs: 172_800_000_000 }],
    [
      { counts: 'tokens', burst: 5 },
      { kind: 'bucket', counts: 'tokens', burst: 5 },
    ],
    [
      { counts: 'cost_usd', amount: 0.0000015 },
      { counts: 'cost', amount: 2 },
    ],
    [
      { counts: 'cost_usd', burst: 0.5 },
      { kind: 'bucket', amount: 10_000_000, burst: 500_000 },
    ],
    [{ per: 'month' }, { kind: 'calendar', period: 'month', timeZone: 'Europe/Berlin' }],
    [
      { counts: 'concurrent', per: null },
      { kind: 'concurrent', amount: 10 },
    ],
    [{ shadow: true }, { shadow: true }],
  ])('are compiled to what limiters take, money in micro-dollars: %j', (differs, compiled) => {
    const berlin = tenant([{ ...rpm, ...differs }], { timeZone: 'Europe/Berlin' })
    const [limit] = new TenantLimits().of(berlin, subject('k', 'up', 'small'))
    expect(limit).toMatchObject({ id: 'tenant/rpm', name: 'rpm', ...compiled })
  })

  it('are counted together for the tenant, by key and by model, and only where they hold', () => {
    const caller = subject('k', 'up', 'small')
    const byKey = { ...rpm, scope: 'key' } as const
    const byModel = { ...rpm, scope: 'model' } as const
    expect(idsOf([byKey], caller)).toEqual(['key/k/rpm'])
    expect(idsOf([{ ...byKey, key: 'k' }], caller)).toEqual(['key/k/rpm'])
    expect(idsOf([{ ...byKey, key: 'other' }], caller)).toEqual([])
    expect(idsOf([byKey], subject(null, 'up', 'small'))).toEqual([])
    expect(idsOf([byModel], caller)).toEqual(['model/up/small/rpm'])
    expect(idsOf([{ ...byModel, model: 'up/small' }], caller)).toEqual(['model/up/small/rpm'])
    expect(idsOf([{ ...byModel, model: 'up/large' }], caller)).toEqual([])
    // By its name alone: whoever serves it.
    const named = { ...byModel, model: 'small' }
    expect(idsOf([named], caller)).toEqual(idsOf([named], subject('j', 'another', 'small')))
  })

  it('have ids that are unique in a call, that limiters take, and that no other owner has', () => {
    const word = fc.stringMatching(/^[A-Za-z0-9._-]{1,12}$/)
    const definition = fc.record<LimitDefinition>({
      scope: fc.constantFrom('tenant', 'key', 'model'),
      counts: fc.constantFrom('requests', 'tokens', 'cost_usd'),
      per: fc.constantFrom('1s', '1m', 'day', 'month'),
      amount: fc.nat(),
    })
    const model = fc.stringMatching(/^[a-z0-9:#./-]{1,12}$/)
    const callers = fc.tuple(word, model).map(([key, name]) => subject(key, 'up', name))
    fc.assert(
      fc.property(fc.array(definition, { maxLength: 12 }), callers, callers, (limits, one, other) => {
        const ids = idsOf(limits, one)
        expect(new Set(ids).size).toBe(ids.length)
        for (const limit of new TenantLimits().of(tenant(limits), one)) {
          expect(() => checkLimit(limit)).not.toThrow()
        }
        const shared = new Set(idsOf(limits, other))
        const same = { tenant: true, key: one.key === other.key, model: one.arm.id === other.arm.id }
        limits.forEach((each, at) => {
          expect(shared.has(ids[at] as string)).toBe(same[each.scope])
        })
      }),
    )
  })

  it('are the same objects for the same tenant, key and model, and others once the tenant is changed', () => {
    const known = new TenantLimits()
    const one = tenant([rpm])
    const limits = known.of(one, subject('k', 'up', 'small'))
    expect(known.of(one, subject('k', 'up', 'small'))).toBe(limits)
    const changed = known.of(tenant([{ ...rpm, amount: 11 }]), subject('k', 'up', 'small'))
    expect(changed[0]).toMatchObject({ id: limits[0]?.id, amount: 11 })
  })
})
