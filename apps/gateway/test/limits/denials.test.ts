import { AtpError } from '@atp/core/errors'
import type { KeyId, TenantId } from '@atp/core/ids'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Caller } from '../../src/corridor/authenticate.ts'
import { Denials } from '../../src/limits/denials.ts'
import { tenantOf } from './limit-reports.ts'

const caller = (tenant: string, key: string | null): Caller => ({
  tenant: tenantOf([], { id: tenant as TenantId }),
  key: key as KeyId | null,
})
const denial = (retryAfterMs?: number): AtpError =>
  new AtpError('rate_limit_exceeded', {
    detail: 'full',
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })

let denials: Denials
beforeEach(() => {
  denials = new Denials()
})

describe('denials that are remembered', () => {
  it("hold for all of a tenant's keys where the limit is the tenant's, for one key where it is the key's", () => {
    const [one, other] = [denial(100), denial(100)]
    denials.add(caller('acme', 'a'), 'tenant', one, 0)
    denials.add(caller('globex', 'a'), 'key', other, 0)
    expect(denials.of(caller('acme', 'b'), 50)).toBe(one)
    expect(denials.of(caller('globex', 'a'), 50)).toBe(other)
    expect(denials.of(caller('globex', 'b'), 50)).toBeNull()
    expect(denials.of(caller('initech', 'a'), 50)).toBeNull()
  })

  it('end when waiting would help, and after a second at the latest', () => {
    denials.add(caller('soon', 'a'), 'tenant', denial(300), 0)
    denials.add(caller('late', 'a'), 'tenant', denial(60_000), 0)
    expect(denials.of(caller('soon', 'a'), 299)).not.toBeNull()
    expect(denials.of(caller('soon', 'a'), 300)).toBeNull()
    expect(denials.of(caller('late', 'a'), 999)).not.toBeNull()
    expect(denials.of(caller('late', 'a'), 1_000)).toBeNull()
  })

  it('are none where waiting never helps', () => {
    denials.add(caller('acme', 'a'), 'tenant', denial(), 0)
    expect(denials.of(caller('acme', 'a'), 0)).toBeNull()
  })

  it('stay bounded, however many are refused', () => {
    for (let at = 0; at < 10_000; at++) denials.add(caller(`t${at}`, null), 'tenant', denial(1_000), 0)
    expect(denials.of(caller('t0', null), 1)).not.toBeNull()
    denials.add(caller('one-more', null), 'tenant', denial(1_000), 0)
    expect(denials.of(caller('t0', null), 1)).toBeNull()
    expect(denials.of(caller('one-more', null), 1)).not.toBeNull()
  })
})
