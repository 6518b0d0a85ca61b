/** `atp tenants`, `keys`, `prices` and `usage`: the real command against a real gateway. */
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runAtp } from '../support/gateway-process.ts'
import { call, freshKey, KeyedGateway } from '../support/keyed-gateway.ts'

const scratch = mkdtempSync(join(tmpdir(), 'atp-commands-'))
const LIMITS = join(scratch, 'limits.json')
const KEY_FILE = join(scratch, 'admin-key')
let setup: KeyedGateway

beforeAll(async () => {
  setup = await KeyedGateway.start()
  writeFileSync(KEY_FILE, `${setup.adminKey}\n`)
})

afterAll(async () => {
  await setup.expectNoKeyShown()
  await setup[Symbol.asyncDispose]()
  rmSync(scratch, { recursive: true })
})

const run = (command: string, env: Record<string, string> = { ATP_ADMIN_KEY: setup.adminKey }) =>
  runAtp([...command.split(' '), '--url', setup.url], { env })

async function succeeds(command: string): Promise<string> {
  const { code, stdout, output } = await run(command)
  expect(code, output).toBe(0)
  return stdout
}

async function json<Body>(command: string): Promise<Body> {
  return JSON.parse(await succeeds(`${command} --json`)) as Body
}

async function fails(command: string, env?: Record<string, string>): Promise<string> {
  const { code, stdout, output } = await run(command, env)
  expect(code, output).toBe(1)
  expect(stdout).toBe('')
  expect(output).not.toMatch(/^ {4}at /m)
  return output
}

describe('atp tenants', () => {
  it('makes, lists and shows them', async () => {
    const made = await succeeds('tenants create acme --time-zone Europe/Berlin --models small --quality fast')
    expect(made).toMatch(/time zone +Europe\/Berlin\n/)
    expect((await setup.admin('GET /admin/v1/tenants/acme')).body).toMatchObject({
      ...{ name: 'acme', time_zone: 'Europe/Berlin', allowed_models: ['small'], quality: 'fast' },
    })
    expect(await succeeds('tenants list')).toMatch(/acme +acme +Europe\/Berlin +small +fast +0\n/)
    expect(await json('tenants list')).toMatchObject([{ id: 'acme', version: 1 }])
    expect(await succeeds('tenants show acme')).toBe(made)
    expect(await json('tenants show acme')).toMatchObject({ id: 'acme', reserve: 'expected' })
  })

  it('sets their limits', async () => {
    expect(await succeeds('tenants limits acme')).toBe('no limits\n')
    const limits = [
      { id: 'rpm', scope: 'tenant', counts: 'requests', per: '1m', amount: 600, burst: 50 },
      { scope: 'model', model: 'small', counts: 'cost_usd', per: 'day', amount: 2.5, shadow: true },
    ]
    writeFileSync(LIMITS, JSON.stringify(limits))
    const set = await succeeds(`tenants limits acme --file ${LIMITS}`)
    expect(set).toMatch(/rpm +tenant +requests +1m +no +600 +50\n/)
    expect(set).toMatch(/small-cost_usd-day +model small +cost_usd +day +yes +2\.5 +-\n/)
    expect((await setup.admin('GET /admin/v1/tenants/acme')).body).toMatchObject({ limits, version: 2 })
    expect(await succeeds('tenants show acme')).toContain(set)
    expect(await json('tenants limits acme')).toMatchObject(limits)
  })

  it('says what is wrong with them', async () => {
    writeFileSync(LIMITS, '[{"scope": "tenant", "counts": "requests", "per": "1m", "amount": -1}]')
    expect(await fails(`tenants limits acme --file ${LIMITS}`)).toContain('limits[0].amount')
    writeFileSync(LIMITS, '{}')
    expect(await fails(`tenants limits acme --file ${LIMITS}`)).toContain('holds no array of limits')
    writeFileSync(LIMITS, 'none')
    expect(await fails(`tenants limits acme --file ${LIMITS}`)).toContain('holds no JSON')
    expect(await fails(`tenants limits acme --file ${LIMITS}.not`)).toContain('cannot be read: ENOENT')
    expect(await fails('tenants show nobody')).toContain("there is no tenant 'nobody'")
    expect(await fails('tenants create acme')).toContain("a tenant 'acme'")
    expect(await fails('tenants create b --time-zone Mars/Olympus')).toMatch(/time_zone.*Mars\/Olympus/)
  })
})

describe('atp keys', () => {
  it('makes a key and prints nothing else, lists it without it, rotates and revokes it', async () => {
    const text = (
      await succeeds('keys create --tenant acme --name shop --expires 2099-01-01T00:00:00Z')
    ).trim()
    setup.shown.push(text)
    expect((await setup.ask(text)).status).toBe(200)
    const [key] = await json<{ id: string; name: string }[]>('keys list --tenant acme')
    expect(key).toMatchObject({ name: 'shop', expires_at: '2099-01-01T00:00:00.000Z' })
    const listed = await succeeds('keys list')
    expect(listed).toMatch(
      new RegExp(`${key?.id} +acme +shop +data +\\.\\.\\.${text.slice(-4)} +active until 2099`),
    )
    expect(listed).not.toContain(text)

    const next = (await succeeds(`keys rotate ${key?.id} --overlap 0s`)).trim()
    setup.shown.push(next)
    expect([(await setup.ask(text)).status, (await setup.ask(next)).status]).toEqual([401, 200])

    const made = await json<{ id: string; key: string }>('keys create --scope admin')
    setup.shown.push(made.key)
    expect((await call(setup, 'GET /admin/v1/tenants', { key: made.key })).status).toBe(200)
    expect(await succeeds(`keys revoke ${made.id}`)).toContain(`key ${made.id} is revoked since`)
    expect((await call(setup, 'GET /admin/v1/tenants', { key: made.key })).status).toBe(401)
    expect(await succeeds('keys list')).toMatch(new RegExp(`${made.id} .*revoked 20`))
  })

  it('says what is wrong', async () => {
    expect(await fails('keys create')).toMatch(/tenant.*the id of a tenant/)
    expect(await fails('keys create --scope everything')).toContain('one of data, admin is wanted')
    expect(await fails('keys rotate nobody')).toContain("there is no key 'nobody'")
    expect(await fails('keys revoke nobody')).toContain("there is no key 'nobody'")
  })
})

describe('atp prices', () => {
  it('sets, lists and withdraws them', async () => {
    const set = await succeeds('prices set small --input 3 --output 4.5')
    expect(set).toMatch(/up\/small +20\S+Z +- +\S+ +3 +4\.5\n/)
    const later = await json<{ id: string }>(
      'prices set up/small --input 1 --output 1 --from 2099-01-01T00:00:00+01:00',
    )
    const listed = await succeeds('prices list --model small')
    expect(listed).toMatch(/up\/small +ever +20\S+Z +configuration +1 +2\n/)
    expect(listed).toMatch(new RegExp(`up/small +2098-12-31T23:00:00.000Z +- +${later.id} +1 +1\n`))
    expect(await json('prices list --model small --at 2099-01-01T00:00:00+01:00')).toMatchObject([
      { id: later.id },
    ])
    expect(await succeeds(`prices withdraw ${later.id}`)).toContain(`${later.id} is withdrawn`)
    expect(await json('prices list')).toHaveLength(3)
  })

  it('says what is wrong', async () => {
    expect(await fails('prices set tiny --input 1 --output 1')).toMatch(/model.*tiny.*up\/small, up\/large/)
    expect(await fails('prices set small --input -1 --output 1')).toContain('--input')
    expect(await fails('prices set small --input 1')).toContain('--output')
    expect(await fails('prices set small --input 1 --output 1 --from 2020-01-01T00:00:00Z')).toContain(
      'valid_from',
    )
    expect(await fails('prices withdraw nothing')).toContain("there is no price 'nothing'")
  })
})

describe('atp usage', () => {
  it('sums it up, by day, tenant, key and model', async () => {
    const { id, key } = await setup.tenant('used')
    await setup.ask(key, { model: 'large' })
    await setup.ask(key, { model: 'large' })
    const day = new Date().toISOString().slice(0, 10)
    const shown = await succeeds(`usage --tenant used --from ${day}`)
    expect(shown).toMatch(new RegExp(`${day} +used +${id} +up/large +2 +20 +10 +0\\.000040\n`))
    expect(shown).toMatch(/\nall +2 +20 +10 +0\.000040\n$/)
    expect(await json('usage --tenant used')).toMatchObject([{ calls: 2, cost_usd: 0.00004 }])
    expect(await fails('usage --from 2026-02-02 --to 2026-02-01')).toMatch(/to.*2026-02-01/)
  })
})

describe('an administrator’s command', () => {
  it('takes the key from a file, the environment, or where `serve --dev` keeps it', async () => {
    const { code } = await run(`tenants list --key-file ${KEY_FILE}`, { ATP_ADMIN_KEY: freshKey() })
    expect(code).toBe(0)
    const usual = await runAtp(['tenants', 'list', '--url', setup.url], { dataDir: scratch })
    expect(usual.code, usual.output).toBe(0)
  })

  it('says so where there is none, or it opens nothing, and shows it nowhere', async () => {
    expect(await fails('tenants list', {})).toContain('ATP_ADMIN_KEY')
    const wrong = freshKey()
    const refused = await fails('tenants list', { ATP_ADMIN_KEY: wrong })
    expect(refused).toContain('API key')
    expect(refused).not.toContain(wrong)
    const odd = await fails('tenants list', { ATP_ADMIN_KEY: 'two words' })
    expect(odd).toBe('ATP_ADMIN_KEY holds no key\n')
    expect(await fails('tenants list --key-file /nowhere')).toContain('/nowhere cannot be read: ENOENT')
    const { key } = await setup.tenant('no-admin')
    expect(await fails('tenants list', { ATP_ADMIN_KEY: key })).toMatch(/admin/)
  })

  it('says so where nobody answers, or somebody else', async () => {
    const env = { ATP_ADMIN_KEY: setup.adminKey }
    const away = await runAtp(['usage', '--url', 'http://127.0.0.1:1'], { env })
    expect(away).toMatchObject({ code: 1, stdout: '' })
    expect(away.output).toMatch(/^no gateway answers at http:\/\/127\.0\.0\.1:1 \(.+\): is it running/)
    const server = createServer((_request, response) => response.end('<html>'))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const other = await runAtp(['usage', '--url', `http://127.0.0.1:${port}`], { env })
    server.close()
    expect(other).toMatchObject({ code: 1, stdout: '' })
    expect(other.output).toContain('not answered by an ATP gateway')
    expect((await runAtp(['usage', '--url', 'gateway'], { env })).output).toContain('an address is wanted')
  })

  it('has a help text', async () => {
    const { code, output } = await runAtp(['prices', 'set', '--help'])
    expect(code).toBe(0)
    for (const said of ['--input', '--from', '--url', '--key-file', 'ATP_ADMIN_KEY', '--json']) {
      expect(output).toContain(said)
    }
    expect((await runAtp(['--help'])).output).toMatch(/tenants .*\n[\s\S]*usage /)
  })
})
