import { randomUUID } from 'node:crypto'
import { Secret } from '@atp/core/secret'
import type { Journal } from '@atp/domain/observation'
import type { AuditEntry, StoredKey, StoredTenant, TenantStore } from '@atp/domain/tenant'
import { DEFAULT_SETTINGS } from '@atp/domain/tenant'
import { postgresForTests } from '@atp/test-services'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { PostgresDatabase, PostgresTenants } from '../../src/database/index.ts'
import { batch, decision, observation } from './records.ts'
import { openJournal } from './stores.ts'

interface Opened {
  readonly store: TenantStore
  readonly journal: Journal
}

const server = await postgresForTests()
afterAll(async () => {
  if (server.missing === null) await server.stop()
})

const stores = [
  {
    name: 'SQLite',
    missing: null,
    open: async (): Promise<Opened> => {
      const { journal } = await openJournal()
      return { store: journal.tenants, journal }
    },
  },
  { name: 'Postgres', missing: server.missing, open: openPostgres },
]

async function openPostgres(): Promise<Opened> {
  if (server.missing !== null) throw new Error(server.missing)
  const url = new Secret(await server.createDatabase())
  const tenants = new PostgresTenants(url)
  const journal = new PostgresDatabase({ url, replica: 'replica-of-the-test' })
  onTestFinished(() => tenants.close())
  onTestFinished(() => journal.close())
  return { store: tenants.store, journal }
}

function tenant(id: string, differs: Partial<StoredTenant> = {}): StoredTenant {
  return {
    ...DEFAULT_SETTINGS,
    id,
    name: `Tenant ${id}`,
    version: 1,
    createdAt: 1_700_000_000_000,
    updatedAt: 1_700_000_000_000,
    deletedAt: null,
    ...differs,
  } as StoredTenant
}

function key(id: string, differs: Partial<Record<keyof StoredKey, unknown>> = {}): StoredKey {
  return {
    id,
    tenant: null,
    name: `Key ${id}`,
    hash: `hash-of-${id}`,
    hint: 'abcd',
    scope: 'admin',
    createdAt: 1_700_000_000_000,
    expiresAt: null,
    revokedAt: null,
    rotatedFrom: null,
    lastUsedAt: null,
    version: 1,
    ...differs,
  } as StoredKey
}

let entries = 0
function entry(differs: Partial<AuditEntry> = {}): AuditEntry {
  entries += 1
  return {
    id: `entry-${entries}`,
    at: 1_700_000_000_000 as AuditEntry['at'],
    actor: 'somebody',
    action: 'tenant.created',
    subject: 'tenants/a',
    before: null,
    after: { name: 'A', limits: [1, null] },
    ...differs,
  }
}

for (const { name, missing, open } of stores) {
  describe.skipIf(missing !== null)(missing === null ? name : `${name} (skipped: ${missing})`, () => {
    it('gives tenants and keys back as they were committed', async () => {
      const { store } = await open()
      const acme = tenant('acme', {
        timeZone: 'Europe/Berlin',
        limits: [{ scope: 'tenant', counts: 'cost_usd', per: 'day', amount: 1.25, shadow: true }],
        allowedModels: ['a/b', 'ü'],
        preference: { quality: 1, cost: 0.1 + 0.2, latency: 0 },
        failurePolicy: { ...DEFAULT_SETTINGS.failurePolicy, tokens: 'closed' },
        reserve: 'bound',
        cutAtHardQuota: true,
        blockZeroPrice: true,
      })
      const data = key('k', { tenant: 'acme', scope: 'data', expiresAt: 1_800_000_000_000, rotatedFrom: 'j' })
      expect(await store.commit({ tenants: [acme], keys: [data], audit: [] })).toBe(true)
      expect(await store.tenant('acme')).toEqual(acme)
      expect(await store.key('k')).toEqual(data)
      expect(await store.tenant('nobody')).toBeNull()
      expect(await store.key('nobody')).toBeNull()
    })

    it('makes nothing twice: not a tenant, not a key, not a hash', async () => {
      const { store } = await open()
      await store.commit({ tenants: [tenant('a')], keys: [key('k')], audit: [] })
      const again = { ...tenant('a'), name: 'Another' }
      expect(await store.commit({ tenants: [again], keys: [], audit: [] })).toBe(false)
      expect(await store.commit({ tenants: [], keys: [key('k')], audit: [] })).toBe(false)
      const stolen = key('l', { hash: 'hash-of-k' })
      expect(await store.commit({ tenants: [], keys: [stolen], audit: [] })).toBe(false)
      expect((await store.tenant('a'))?.name).toBe('Tenant a')
      expect(await store.key('l')).toBeNull()
    })

    it('writes a change with its audit or not at all, and only over the version it was made for', async () => {
      const { store } = await open()
      await store.commit({ tenants: [tenant('a')], keys: [], audit: [entry()] })
      const second = tenant('a', { name: 'Second', version: 2 })
      expect(await store.commit({ tenants: [second], keys: [], audit: [entry()] })).toBe(true)
      const late = tenant('a', { name: 'Late', version: 2 })
      const other = tenant('b')
      expect(await store.commit({ tenants: [other, late], keys: [], audit: [entry()] })).toBe(false)
      expect((await store.tenant('a'))?.name).toBe('Second')
      expect(await store.tenant('b')).toBeNull()
      expect(await store.audit({ subject: null, before: null, limit: 10 })).toHaveLength(2)
    })

    it('lets one of many that change the same version at once win', async () => {
      const { store } = await open()
      await store.commit({ tenants: [tenant('a')], keys: [], audit: [] })
      const names = Array.from({ length: 20 }, (_, rival) => `rival ${rival}`)
      const outcomes = await Promise.all(
        names.map(rival =>
          store.commit({ tenants: [tenant('a', { name: rival, version: 2 })], keys: [], audit: [entry()] }),
        ),
      )
      expect(outcomes.filter(Boolean)).toHaveLength(1)
      expect((await store.tenant('a'))?.name).toBe(names[outcomes.indexOf(true)])
      expect(await store.audit({ subject: null, before: null, limit: 100 })).toHaveLength(1)
    })

    it('says what was changed after a revision, deleted and revoked ones too', async () => {
      const { store } = await open()
      expect(await store.changedAfter(0)).toEqual({ revision: 0, tenants: [], keys: [] })
      await store.commit({ tenants: [tenant('a'), tenant('b')], keys: [key('k')], audit: [] })
      const first = await store.changedAfter(0)
      expect(first.tenants.map(({ id }) => id).sort()).toEqual(['a', 'b'])
      expect(first.keys).toEqual([key('k')])
      const deleted = tenant('a', { version: 2, deletedAt: 5 as StoredTenant['deletedAt'] })
      await store.commit({ tenants: [deleted], keys: [], audit: [] })
      const revoked = key('k', { version: 2, revokedAt: 6 })
      await store.commit({ tenants: [], keys: [revoked], audit: [] })
      const second = await store.changedAfter(first.revision)
      expect(second).toMatchObject({ tenants: [deleted], keys: [revoked] })
      expect(await store.changedAfter(second.revision)).toEqual({
        revision: second.revision,
        tenants: [],
        keys: [],
      })
    })

    it('misses no change of writers that are at it together', async () => {
      const { store } = await open()
      const seen = new Set<string>()
      let revision = 0
      const look = async () => {
        const revised = await store.changedAfter(revision)
        revision = revised.revision
        for (const { id } of revised.keys) seen.add(id)
      }
      const writes = Array.from({ length: 40 }, (_, n) =>
        store.commit({ tenants: [], keys: [key(`k${n}`)], audit: [] }),
      )
      let done = false
      const all = Promise.all(writes).then(() => {
        done = true
      })
      while (!done) await look()
      await all
      await look()
      expect(seen.size).toBe(40)
    })

    it('lists tenants and keys page by page, without deleted tenants', async () => {
      const { store } = await open()
      const tenants = ['a', 'b', 'c', 'd'].map(id => tenant(id))
      const keys = [
        key('k1', { tenant: 'a' }),
        key('k2', { tenant: 'b' }),
        key('k3', { tenant: 'a' }),
        key('k4'),
      ]
      await store.commit({ tenants, keys, audit: [] })
      const gone = tenant('b', { version: 2, deletedAt: 1 as StoredTenant['deletedAt'] })
      await store.commit({ tenants: [gone], keys: [], audit: [] })
      const ids = (rows: readonly { readonly id: string }[]) => rows.map(({ id }) => id)
      expect(ids(await store.tenants({ after: null, limit: 2 }))).toEqual(['a', 'c'])
      expect(ids(await store.tenants({ after: 'c', limit: 2 }))).toEqual(['d'])
      expect(ids(await store.keys({ tenant: null, after: 'k1', limit: 2 }))).toEqual(['k2', 'k3'])
      expect(ids(await store.keys({ tenant: 'a', after: null, limit: 9 }))).toEqual(['k1', 'k3'])
    })

    it('notes the last use of keys, thousands at a time, never an earlier one, and changes nothing by it', async () => {
      const { store } = await open()
      const keys = Array.from({ length: 2_500 }, (_, n) => key(`k${n}`))
      await store.commit({ tenants: [], keys, audit: [] })
      const { revision } = await store.changedAfter(0)
      const ids = keys.map(({ id }) => id)
      await store.used({ keys: ids, at: 10 as StoredKey['createdAt'] })
      await store.used({ keys: ['k7', 'nobody'], at: 5 as StoredKey['createdAt'] })
      expect((await store.key('k7'))?.lastUsedAt).toBe(10)
      expect((await store.key('k2499'))?.lastUsedAt).toBe(10)
      expect((await store.changedAfter(revision)).keys).toEqual([])
      await store.used({ keys: [], at: 11 as StoredKey['createdAt'] })
    })

    it('keeps the last use of a key that is changed', async () => {
      const { store } = await open()
      await store.commit({ tenants: [], keys: [key('k')], audit: [] })
      await store.used({ keys: ['k'], at: 10 as StoredKey['createdAt'] })
      await store.commit({ tenants: [], keys: [key('k', { version: 2, revokedAt: 11 })], audit: [] })
      expect(await store.key('k')).toMatchObject({ lastUsedAt: 10, revokedAt: 11 })
    })

    it('tells the changes back, youngest first, of one subject or of all, page by page', async () => {
      const { store } = await open()
      const made = [entry(), entry({ subject: 'keys/k' }), entry({ before: { name: 'A' }, action: 'x' })]
      for (const audit of made) await store.commit({ tenants: [], keys: [], audit: [audit] })
      const all = await store.audit({ subject: null, before: null, limit: 2 })
      expect(all.map(({ position: _, ...rest }) => rest)).toEqual([made[2], made[1]])
      const older = await store.audit({ subject: null, before: all[1]?.position as number, limit: 2 })
      expect(older.map(({ id }) => id)).toEqual([made[0]?.id])
      const own = await store.audit({ subject: 'tenants/a', before: null, limit: 9 })
      expect(own.map(({ id }) => id)).toEqual([made[2]?.id, made[0]?.id])
    })

    it('sums usage by day, tenant, key and model, of calls alone', async () => {
      const { store, journal } = await open()
      const day = Date.UTC(2026, 10, 24)
      const chosen = decision({ tenant: 'a', keyId: 'k' })
      const call = (at: number, differs: object = {}) =>
        observation({ tenant: 'a', decisionId: chosen.id, arm: 'up/m', at, cost: 5, ...differs })
      const later = call(day + 86_400_000)
      await journal.append(
        batch(
          [
            call(day),
            call(day + 86_399_999),
            later,
            call(day, { kind: 'feedback', usage: null, cost: null }),
            call(day, { outcome: 'error', usage: null, cost: null }),
            call(day, { tenant: 'b', decisionId: null, arm: 'up/n' }),
          ],
          [chosen],
        ),
      )
      const query = { tenant: null, from: day, until: day + 2 * 86_400_000 } as const
      const row = { tenant: 'a', key: 'k', arm: 'up/m', inputTokens: 12, outputTokens: 345 }
      const usage = await store.usage(query as never)
      expect(usage).toEqual([
        {
          ...row,
          day: '2026-11-24',
          calls: 3,
          inputTokens: 24,
          outputTokens: 690,
          costMicroUsd: 10,
        },
        { ...row, day: '2026-11-24', tenant: 'b', key: null, arm: 'up/n', calls: 1, costMicroUsd: 5 },
        { ...row, day: '2026-11-25', calls: 1, costMicroUsd: 5 },
      ])
      const without = [later.id, randomUUID()]
      expect(await store.usage({ ...query, without } as never)).toEqual(usage.slice(0, 2))
      expect(await store.usage({ ...query, tenant: 'b' } as never)).toEqual([usage[1]])
      expect(await store.usage({ ...query, from: day + 86_400_000 } as never)).toEqual([usage[2]])
    })
  })
}
