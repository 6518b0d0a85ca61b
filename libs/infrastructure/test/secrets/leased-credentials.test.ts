/** Users of Postgres that a real Vault (OpenBao) makes for some seconds, and drops. */
import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '@atp/core/clock'
import { SecretReference } from '@atp/core/config'
import { SystemRandom } from '@atp/core/random'
import { Secret } from '@atp/core/secret'
import { postgresForTests, startPostgres, startVault, vaultForTests } from '@atp/test-services'
import { afterAll, describe, expect, it } from 'vitest'
import { openPool } from '../../src/database/postgres/open-pool.ts'
import { addressWithCredentials, SecretStore, VaultSource } from '../../src/secrets/index.ts'

const probe = await postgresForTests()
afterAll(async () => void (probe.missing === null && (await probe.stop())))
const missing = probe.missing ?? (await vaultForTests()).missing
const title = `leased credentials${missing === null ? '' : ` (skipped, ${missing})`}`

const MAKE = `create role "{{name}}" login password '{{password}}' valid until '{{expiration}}'`
const ANYTHING = { pattern: /^/, found: '', allowed: '' }

describe.skipIf(missing !== null)(title, () => {
  it('are renewed, and replaced before they end: no query fails over several lives', async () => {
    const postgres = await startPostgres()
    const vault = await startVault()
    const socket = decodeURIComponent(new URL(postgres.url).host)
    await vault.request('POST', 'sys/mounts/database', { type: 'database' })
    await vault.request('POST', 'database/config/main', {
      plugin_name: 'postgresql-database-plugin',
      allowed_roles: '*',
      connection_url: `host=${socket} user=atp dbname=postgres`,
    })
    // A life of four seconds, of ten with renewals.
    const role = { db_name: 'main', creation_statements: MAKE, default_ttl: '4s', max_ttl: '10s' }
    await vault.request('POST', 'database/roles/atp', role)

    const reference = (field: string) => new SecretReference('vault', 'database/creds/atp', field)
    const lines: string[] = []
    const store = new SecretStore({
      secrets: ['username', 'password'].map(field => ({
        field,
        reference: reference(field),
        rule: ANYTHING,
      })),
      sources: {
        vault: new VaultSource({
          address: vault.url,
          timeoutMs: 10_000,
          kvMounts: ['secret'],
          auth: { method: 'token', token: () => new Secret(vault.rootToken) },
          random: new SystemRandom(),
        }),
      },
      policy: { ttlMs: 60_000, staleIfErrorMs: 0 },
      clock: systemClock,
      random: new SystemRandom(),
      log: { info: (_, message) => void lines.push(message), warn: (_, message) => void lines.push(message) },
    })
    await store.open()
    const url = addressWithCredentials(
      new Secret(postgres.url),
      store.get(reference('username')),
      store.get(reference('password')),
    )
    const pool = openPool(url, { connections: 2, queryTimeoutMs: 10_000 })
    const users = new Set<string>()
    const until = Date.now() + 16_000
    while (Date.now() < until) {
      const client = await pool.connect()
      users.add((await client.query('select current_user as name')).rows[0].name)
      client.release()
      await delay(20)
    }
    // Renewals keep a user: without them there would be one for each life of four seconds.
    expect(users.size).toBeGreaterThanOrEqual(2)
    expect(users.size).toBeLessThanOrEqual(4)
    expect(lines.filter(line => line !== 'secrets were replaced')).toEqual([])
    await pool.end()
    await store.close()
    await vault.stop()
    await postgres.stop()
  }, 90_000)
})
