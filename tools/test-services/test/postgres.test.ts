import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { describe, expect, it } from 'vitest'
import { postgresForTests, startPostgres } from '../src/index.ts'
import { findPostgres } from '../src/postgres-binaries.ts'

const installed = findPostgres() !== null
const suite = installed ? 'a throwaway Postgres' : 'a throwaway Postgres (skipped: none installed)'

describe.skipIf(!installed)(suite, () => {
  it('answers, gives each caller an empty database, and leaves nothing behind', async () => {
    const server = await startPostgres()
    const first = await server.createDatabase()
    const second = await server.createDatabase()
    expect(first).not.toBe(second)
    await query(first, 'create table only_here (x int)')
    expect(await query(second, `select to_regclass('only_here') as t`)).toEqual([{ t: null }])
    await server.stop()
    expect(existsSync(directoryOf(server.url))).toBe(false)
  })

  it('keeps its data and its address through an outage', async () => {
    const server = await startPostgres({ durable: true })
    const url = await server.createDatabase()
    await query(url, 'create table kept as select 42 as x')
    await server.halt()
    await expect(query(url, 'select 1')).rejects.toThrow()
    await server.resume()
    expect(await query(url, 'select x from kept')).toEqual([{ x: 42 }])
    await server.stop()
  })

  it('answers nobody while it is paused, and afterwards what was asked meanwhile', async () => {
    const server = await startPostgres()
    const client = new Client({ connectionString: server.url })
    await client.connect()
    server.pause()
    const asked = [client.query('select 1 as one'), query(server.url, 'select 2')]
    expect(await Promise.race([...asked, delay(300, 'nothing')])).toBe('nothing')
    server.unpause()
    expect(await Promise.all(asked)).toMatchObject([{ rows: [{ one: 1 }] }, [expect.anything()]])
    await client.end()
    server.pause()
    await server.stop()
    expect(existsSync(directoryOf(server.url))).toBe(false)
  })

  it('is gone after its test process was killed', async () => {
    const source = new URL('../src/index.ts', import.meta.url).href
    const script = `const { startPostgres } = await import('${source}')
      const server = await startPostgres(); console.log(server.url); setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await once(child.stdout, 'data')
    const directory = directoryOf(String(line).trim())
    expect(existsSync(directory)).toBe(true)
    child.kill('SIGKILL')
    while (existsSync(directory)) await delay(20)
  })
})

describe('Postgres for tests', () => {
  it('says why there is none', async () => {
    const found = await postgresForTests({}, () => null)
    expect(found.missing).toMatch(/no Postgres: none installed/)
  })

  it.skipIf(!installed)('makes and removes its databases in a server that is given', async () => {
    const server = await startPostgres()
    const tests = await postgresForTests({ ATP_TEST_DATABASE_URL: server.url })
    if (tests.missing !== null) throw new Error(tests.missing)
    const url = await tests.createDatabase()
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
    await tests.stop()
    await expect(query(url, 'select 1')).rejects.toThrow(/does not exist/)
    await server.stop()
  })
})

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

function directoryOf(url: string): string {
  return join(decodeURIComponent(new URL(url).host))
}
