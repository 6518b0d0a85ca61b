import { ManualClock } from '@atp/core/clock'
import { hashOfKey } from '@atp/core/key-text'
import { SystemRandom } from '@atp/core/random'
import { epochMs, milliseconds } from '@atp/core/units'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  DEFAULT_SETTINGS,
  KeyAdministration,
  KeyUse,
  type Tenant,
  TenantAdministration,
  TenantDirectory,
} from '../../src/tenant/index.ts'
import { MemoryTenantStore } from './memory-tenant-store.ts'

let clock: ManualClock
let store: MemoryTenantStore
let directory: TenantDirectory
let tenants: TenantAdministration
let keys: KeyAdministration

const ACME = 'acme' as Tenant['id']
const acme = (differs: Partial<Tenant> = {}): Tenant => ({
  ...DEFAULT_SETTINGS,
  id: ACME,
  name: 'Acme',
  ...differs,
})
const dataKey = { tenant: ACME, name: 'k', scope: 'data', expiresAt: null } as const

beforeEach(() => {
  clock = new ManualClock()
  store = new MemoryTenantStore()
  directory = new TenantDirectory({ store, clock, rootKeyHash: () => hashOfKey('root') })
  const options = { store, directory, clock, random: new SystemRandom() }
  tenants = new TenantAdministration(options)
  keys = new KeyAdministration(options)
})

describe('the limits of a tenant', () => {
  const rpm = { scope: 'tenant', counts: 'requests', per: '1m', amount: 10 } as const
  const daily = { scope: 'key', counts: 'cost_usd', per: 'day', amount: 1 } as const
  const named = { id: 'lanes', scope: 'tenant', counts: 'concurrent', per: null, amount: 2 } as const
  const model = { scope: 'model', model: 'gpt-5', counts: 'tokens', per: 'month', amount: 9 } as const
  const idsOf = ({ limits }: Tenant) => limits.map(({ id }) => id)

  it('are named by what they count, wherever they stand in the list', async () => {
    const made = await tenants.create('me', acme({ limits: [rpm, daily, named] }))
    expect(idsOf(made)).toEqual(['tenant-requests-1m', 'key-cost_usd-day', 'lanes'])
    const changed = await tenants.change('me', ACME, 1, before => ({
      ...before,
      limits: [model, daily, rpm],
    }))
    expect(idsOf(changed)).toEqual(['gpt-5-tokens-month', 'key-cost_usd-day', 'tenant-requests-1m'])
  })

  it('need ids where two count the same', async () => {
    await expect(tenants.create('me', acme({ limits: [rpm, { ...rpm, burst: 5 }] }))).rejects.toMatchObject({
      code: 'invalid_request',
      problems: [{ field: 'limits[1].id', found: '"tenant-requests-1m"' }],
    })
    const both = [rpm, { ...rpm, id: 'bursts', burst: 5 }]
    expect(idsOf(await tenants.create('me', acme({ limits: both })))).toEqual([
      'tenant-requests-1m',
      'bursts',
    ])
  })

  it('keep the names under which they were stored, until they are changed', async () => {
    const at = clock.now()
    const old = { ...acme({ limits: [rpm] }), version: 1, createdAt: at, updatedAt: at, deletedAt: null }
    await store.commit({ tenants: [old], keys: [], audit: [] })
    const renamed = await tenants.change('me', ACME, 1, before => ({ ...before, name: 'Acme Inc.' }))
    expect(idsOf(renamed)).toEqual([undefined])
  })
})

describe('the directory', () => {
  it('knows nobody but the configured admin before it has heard of its store', async () => {
    expect(directory.isLoaded).toBe(false)
    expect(directory.age).toBeNull()
    expect(directory.holder(hashOfKey('root'))).toMatchObject({ key: { scope: 'admin' }, tenant: null })
    expect(directory.holder(hashOfKey('nobody'))).toBeNull()
    await directory.refresh()
    expect(directory.isLoaded).toBe(true)
  })

  it('finds a key and its tenant as soon as they are made, and neither once they are gone', async () => {
    await tenants.create('me', acme())
    const { key, text } = await keys.create('me', dataKey)
    const admin = await keys.create('me', { ...dataKey, tenant: null, scope: 'admin' })
    expect(directory.holder(hashOfKey(text))).toMatchObject({ key: { id: key.id }, tenant: { id: ACME } })
    expect(directory.holder(hashOfKey(admin.text))).toMatchObject({ tenant: null })
    await keys.revoke('me', admin.key.id)
    expect(directory.holder(hashOfKey(admin.text))).toBeNull()
    await tenants.delete('me', ACME, 1)
    expect(directory.holder(hashOfKey(text))).toBeNull()
    expect(directory.tenant(ACME)).toBeUndefined()
  })

  it('goes on with what it knows while its store fails, and says how old that is', async () => {
    await tenants.create('me', acme())
    const { text } = await keys.create('me', dataKey)
    store.failure = new Error('away')
    clock.advance(5_000)
    await expect(directory.refresh()).rejects.toThrow('away')
    expect(directory.holder(hashOfKey(text))).not.toBeNull()
    expect(directory.age).toBe(5_000)
    store.failure = null
    await directory.refresh()
    expect(directory.age).toBe(0)
  })

  it('forgets what a store does not know that has gone back in time', async () => {
    await tenants.create('me', acme())
    const { text } = await keys.create('me', dataKey)
    store.restoreEmpty()
    await directory.refresh()
    expect(directory.holder(hashOfKey(text))).toBeNull()
    expect(directory.size).toBe(0)
  })

  it('knows whether anybody can administer', async () => {
    const rootless = new TenantDirectory({ store, clock, rootKeyHash: null })
    expect(directory.hasAdmin(clock.now())).toBe(true)
    const expiresAt = epochMs(clock.now() + 10)
    await keys.create('me', { ...dataKey, tenant: null, scope: 'admin', expiresAt })
    await rootless.refresh()
    expect(rootless.hasAdmin(clock.now())).toBe(true)
    clock.advance(10)
    expect(rootless.hasAdmin(clock.now())).toBe(false)
  })
})

describe('a change', () => {
  it('of a version that somebody else has changed meanwhile is refused, also at the last moment', async () => {
    await tenants.create('me', acme())
    const rename = (name: string) => tenants.change('me', ACME, 1, before => ({ ...before, name }))
    store.before = () => rename('First')
    await expect(rename('Second')).rejects.toMatchObject({ code: 'precondition_failed' })
    await expect(rename('Third')).rejects.toMatchObject({
      code: 'precondition_failed',
      context: { current: 2 },
    })
    expect(await tenants.get(ACME)).toMatchObject({ name: 'First', version: 2 })
    expect(store.auditLog.map(({ action }) => action)).toEqual(['tenant.created', 'tenant.changed'])
  })

  it('that is committed is done, also where the directory cannot hear of it', async () => {
    const deaf = { refresh: () => Promise.reject(new Error('away')) }
    const options = { store, directory: deaf, clock, random: new SystemRandom() }
    expect(await new TenantAdministration(options).create('me', acme())).toMatchObject({ version: 1 })
  })

  it('leaves neither a text nor a hash of a key in the log', async () => {
    await tenants.create('me', acme())
    const first = await keys.create('me', dataKey)
    const second = await keys.rotate('me', first.key.id, milliseconds(1_000), null)
    await keys.revoke('me', second.key.id)
    const log = JSON.stringify(store.auditLog)
    for (const { text, key } of [first, second]) {
      expect(log).toContain(key.id)
      expect(log).not.toContain(text.slice(4, 24))
      expect(log).not.toContain(key.hash)
    }
  })
})

describe('a rotation', () => {
  it('ends the old key after the overlap, or earlier where it would have ended anyway', async () => {
    await tenants.create('me', acme())
    const soon = epochMs(clock.now() + 500)
    const lasting = await keys.create('me', dataKey)
    const ending = await keys.create('me', { ...dataKey, expiresAt: soon })
    for (const { key } of [lasting, ending]) await keys.rotate('me', key.id, milliseconds(1_000), null)
    expect(await keys.get(lasting.key.id)).toMatchObject({ expiresAt: clock.now() + 1_000 })
    expect(await keys.get(ending.key.id)).toMatchObject({ expiresAt: soon })
    clock.advance(500)
    await expect(keys.rotate('me', ending.key.id, milliseconds(1), null)).rejects.toMatchObject({
      code: 'invalid_request',
    })
  })
})

describe('a revocation', () => {
  it('is done however often somebody else is faster', async () => {
    await tenants.create('me', acme())
    const { key } = await keys.create('me', dataKey)
    store.before = () => keys.rotate('another', key.id, milliseconds(60_000), null)
    expect(await keys.revoke('me', key.id)).toMatchObject({ revokedAt: clock.now(), version: 3 })
  })
})

describe('the use of keys', () => {
  it('is told once for many requests, again after a failure, and never of the configured key', async () => {
    const use = new KeyUse(store, clock)
    for (let times = 0; times < 100; times++) {
      for (const key of ['a', 'b', 'config']) use.note(key as never)
    }
    store.failure = new Error('away')
    await expect(use.flush()).rejects.toThrow('away')
    store.failure = null
    use.note('c' as never)
    await use.flush()
    await use.flush()
    expect(store.uses.map(({ keys }) => [...keys].sort((a, b) => (a < b ? -1 : 1)))).toEqual([
      ['a', 'b', 'c'],
    ])
  })
})
