import { setTimeout as delay } from 'node:timers/promises'
import { Secret } from '@atp/core/secret'
import { type PostgresServer, postgresForTests, startPostgres } from '@atp/test-services'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openPool } from '../../src/database/postgres/open-pool.ts'
import type { RotatingPool } from '../../src/database/postgres/rotating-pool.ts'
import { addressWithCredentials } from '../../src/secrets/index.ts'
import { type FollowedSecrets, followed } from '../secrets/followed-source.ts'

// Asked only whether there is one: this test makes its own, because it changes who may come in.
const probe = await postgresForTests()
afterAll(async () => void (probe.missing === null && (await probe.stop())))
const title = `Postgres with rotated credentials${probe.missing ? ` (skipped: ${probe.missing})` : ''}`

describe.skipIf(probe.missing !== null)(title, () => {
  let server: PostgresServer
  let root: pg.Client

  beforeAll(async () => {
    server = await startPostgres()
    root = new pg.Client({ connectionString: server.url })
    await root.connect()
    const { rows } = await root.query("select current_setting('hba_file') as file")
    const rules = "select 'local all atp trust' union all select 'local all all scram-sha-256'"
    await root.query(`copy (${rules}) to '${rows[0].file}'`)
    await root.query('select pg_reload_conf()')
  })
  afterAll(async () => {
    await root?.end()
    await server?.stop()
  })

  async function userWith(name: string, password: string): Promise<FollowedSecrets> {
    await root.query(`create role ${name} login password '${password}'`)
    return followed({ user: name, password })
  }

  function poolFor(secrets: FollowedSecrets, connections = 2): RotatingPool {
    const url = addressWithCredentials(
      new Secret(server.url),
      secrets.secret('user'),
      secrets.secret('password'),
    )
    return openPool(url, { connections, queryTimeoutMs: 30_000 })
  }

  async function ask(pool: RotatingPool, sql = 'select current_user as user'): Promise<string> {
    const client = await pool.connect()
    try {
      return (await client.query(sql)).rows[0].user
    } finally {
      client.release()
    }
  }

  it('loses no query, not even of those that wait for a connection, and ends the old connections', async () => {
    await using secrets = await userWith('first', 'one')
    await root.query("create role second login password 'two'")
    const pool = poolFor(secrets)
    const waiting = Array.from({ length: 12 }, () => ask(pool, 'select current_user as user, pg_sleep(0.05)'))
    await delay(60)
    secrets.replace({ user: 'second', password: 'two' })
    await expect.poll(() => secrets.secret('user').reveal()).toBe('second')
    const after = Array.from({ length: 12 }, () => ask(pool))
    expect(await Promise.all(waiting)).toEqual(Array(12).fill('first'))
    expect(await Promise.all(after)).toEqual(Array(12).fill('second'))
    const old = async () =>
      (await root.query("select count(*)::int as n from pg_stat_activity where usename = 'first'")).rows[0].n
    // Sooner than connections end by themselves that nobody uses.
    await expect.poll(old, { timeout: 8_000 }).toBe(0)
    await pool.end()
  })

  it('reads credentials again that the server refuses, and tries once more with the others', async () => {
    await using secrets = await userWith('refused', 'one')
    await root.query("alter role refused password 'two'")
    secrets.replace({ user: 'refused', password: 'two' }, 'silently')
    const pool = poolFor(secrets, 4)
    const all = await Promise.all(Array.from({ length: 8 }, () => ask(pool)))
    expect(all).toEqual(Array(8).fill('refused'))
    await pool.end()
  })

  it('fails where there are no others, and shows none', async () => {
    await using secrets = await userWith('locked', 'one')
    await root.query("alter role locked password 'elsewhere'")
    const pool = poolFor(secrets)
    const error = await ask(pool).catch(error => error)
    expect(error).toMatchObject({ code: '28P01' })
    expect(String(error)).not.toContain('one')
    await pool.end()
  })
})
