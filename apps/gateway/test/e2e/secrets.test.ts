import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { vaultForTests } from '@atp/test-services'
import { afterAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { GatewayProcess, runAtp } from '../support/gateway-process.ts'
import { call, freshKey } from '../support/keyed-gateway.ts'
import { KeyedUpstream } from '../support/keyed-upstream.ts'
import { get, post } from '../support/post.ts'
import { configFor } from '../support/scripted-upstream.ts'
import { VaultWithRole } from '../support/vault-with-role.ts'

const vault = await vaultForTests()
const withVault = vault.missing === null ? '' : ` (skipped, ${vault.missing})`

const scratch = mkdtempSync(join(tmpdir(), 'atp-secrets-e2e-'))
afterAll(() => rmSync(scratch, { recursive: true }))

const PER_MS = 200 / 1_000
const BURST_MS = 25
const OLD = 'sk-canary-old-0123456789'
const NEW = 'sk-canary-new-0123456789'

/** 200 requests a second, half of them streams, until told to stop. @returns what failed */
function load(gateway: GatewayProcess) {
  let stopped = false
  let sent = 0
  const answers: Promise<string | null>[] = []
  const one = async (stream: boolean) => {
    const body = { model: 'model', stream, messages: [{ role: 'user', content: 'Hello?' }] }
    const { status, text } = await post(gateway, '/v1/chat/completions', body)
    return status === 200 && text.includes('Hello.') ? null : `${status} ${text}`
  }
  const bursts = (async () => {
    const begun = performance.now()
    while (!stopped) {
      // By the clock: where a timer was late, what it missed is sent.
      for (const due = (performance.now() - begun) * PER_MS; sent < due; sent += 1)
        answers.push(one(sent % 2 === 0))
      await delay(BURST_MS)
    }
  })()
  return async () => {
    stopped = true
    await bursts
    const failed = (await Promise.all(answers)).filter(each => each !== null)
    return { sent, failed }
  }
}

function configWith(upstream: KeyedUpstream, api_key: string, secrets: object = {}) {
  const { adapters } = configFor(upstream)
  return { secrets, adapters: adapters.map(adapter => ({ ...adapter, api_key })) }
}

/** While requests go on: the key is replaced, and two seconds later the old one is good for nothing. */
async function rotate(gateway: GatewayProcess, upstream: KeyedUpstream, replace: () => Promise<void> | void) {
  const stop = load(gateway)
  await delay(500)
  upstream.accepted.add(NEW)
  await replace()
  await delay(2_000)
  upstream.accepted.delete(OLD)
  await expect.poll(() => upstream.used.get(NEW) ?? 0).toBeGreaterThan(0)
  await delay(1_000)
  const { sent, failed } = await stop()
  expect(failed).toEqual([])
  expect(sent).toBeGreaterThan(650)
}

describe('a key that is replaced', () => {
  it.skipIf(vault.missing !== null)(
    `in Vault, and revoked before anybody read it again, fails no request${withVault}`,
    async () => {
      await using vault = await VaultWithRole.start()
      await vault.put('up', { key: OLD })
      await using upstream = await KeyedUpstream.start([OLD])
      await using gateway = await GatewayProcess.start({
        config: configWith(upstream, 'vault:secret/atp/up#key', vault.config('1h')),
        env: vault.env,
      })
      await rotate(gateway, upstream, () => vault.put('up', { key: NEW }))
      expect(gateway.output).not.toContain('canary')
    },
    120_000,
  )

  it('in a mounted file fails no request, and the old one is used no more', async () => {
    const mount = (version: string, key: string) => {
      mkdirSync(join(scratch, version))
      writeFileSync(join(scratch, version, 'key'), `${key}\n`)
      symlinkSync(version, join(scratch, '..data_tmp'))
      renameSync(join(scratch, '..data_tmp'), join(scratch, '..data'))
    }
    mount('..1', OLD)
    symlinkSync('..data/key', join(scratch, 'key'))
    await using upstream = await KeyedUpstream.start([OLD])
    await using gateway = await GatewayProcess.start({
      config: configWith(upstream, `file:${join(scratch, 'key')}`, { ttl: '1h' }),
    })
    await rotate(gateway, upstream, () => mount('..2', NEW))
    const used = upstream.used.get(OLD)
    await post(gateway, '/v1/ask', { prompt: 'Hello?' })
    expect(upstream.used.get(OLD)).toBe(used)
  }, 120_000)
})

describe.skipIf(vault.missing !== null)(`Vault${withVault}`, () => {
  it('sealed or stopped: requests go on, readiness is degraded, and a start is refused', async () => {
    await using vault = await VaultWithRole.start()
    await vault.put('up', { key: OLD })
    await using upstream = await KeyedUpstream.start([OLD])
    const options = {
      config: configWith(upstream, 'vault:secret/atp/up#key', vault.config('300ms')),
      env: vault.env,
    }
    await using gateway = await GatewayProcess.start(options)
    const check = async () =>
      (await get<{ checks: Record<string, { status: string; detail: string | null }> }>(gateway, '/readyz'))
        .body.checks.secrets
    expect(await check()).toMatchObject({ status: 'ok', detail: null })
    const outage = async (reason: string, words: RegExp) => {
      await expect.poll(check).toMatchObject({
        status: 'degraded',
        detail: expect.stringContaining(`adapters[0].api_key (${reason})`),
      })
      const { status } = await get(gateway, '/readyz')
      expect(status).toBe(200)
      expect((await post(gateway, '/v1/ask', { prompt: 'Hello?' })).status).toBe(200)
      const { code, output } = await runAtp(['serve'], options)
      expect(code).toBe(1)
      expect(output).toMatch(words)
      expect(output).toContain('adapters[0].api_key')
    }
    await vault.server.seal()
    await outage('sealed', /vault:secret\/atp\/up#key, and Vault is sealed/)
    await vault.server.halt()
    await outage('unreachable', /cannot be reached \(ECONNREFUSED\)/)
    await vault.server.resume()
    await expect.poll(check).toMatchObject({ status: 'ok' })
  }, 180_000)

  it('is looked at by the doctor, who says what is where and what cannot be read, and shows nothing', async () => {
    await using vault = await VaultWithRole.start()
    await vault.put('up', { key: OLD })
    await vault.put('up', { key: NEW })
    await using upstream = await KeyedUpstream.start([OLD])
    const [up] = configFor(upstream).adapters
    const references = [
      'vault:secret/atp/up#key',
      'vault:secret/atp/up#other',
      'vault:secret/atp/none',
      'vault:secret/strangers/up',
      'env:UP_KEY',
      'file:/nowhere/key',
      'secret:up-key',
    ]
    const { code, output } = await runAtp(['secrets', 'doctor'], {
      config: {
        secrets: vault.config('1m'),
        adapters: references.map((api_key, index) => ({ ...up, id: `up-${index}`, api_key })),
      },
      env: { ...vault.env, UP_KEY: OLD },
    })
    expect(code).toBe(1)
    expect(output).not.toContain('canary')
    for (const hidden of [vault.roleId, vault.secretId]) expect(output).not.toContain(hidden)
    const [, , ...rows] = output.trim().split('\n')
    const said = rows.map(row => row.replace(/ {2,}/g, ' | '))
    expect(said.slice(0, 2).join()).toMatch(
      /role_id \| env:VAULT_ROLE \| of the start \| +readable.*secret_id/,
    )
    expect(said[2]).toMatch(
      /adapters\[0\].api_key \| vault:secret\/atp\/up#key \| version 2 \| \d+ s \| readable/,
    )
    expect(said[3]).toMatch(/missing: which has no field "other"/)
    expect(said[4]).toMatch(/vault:secret\/atp\/none#value.*missing: where nothing is/)
    expect(said[5]).toMatch(/forbidden: and our token may not use secret\/data\/strangers\/up/)
    expect(said[6]).toMatch(/env:UP_KEY \| of the start.*readable/)
    expect(said[7]).toMatch(/file:\/nowhere\/key.*missing: which cannot be read \(ENOENT\)/)
    expect(said[8]).toMatch(/secret:up-key.*env:UP_KEY, of the start.*readable/)
  }, 120_000)
})

it('the admin key is another as soon as its file is', async () => {
  const [first, second] = [freshKey(), freshKey()]
  const file = join(scratch, 'admin-key')
  writeFileSync(file, first)
  await using gateway = await GatewayProcess.start({
    auth: 'keys',
    config: { auth: { admin_key: `file:${file}` }, secrets: { ttl: '1h' } },
  })
  const status = async (key: string) => (await call(gateway, 'GET /admin/v1/keys', { key })).status
  expect(await status(first)).toBe(200)
  writeFileSync(file, second)
  await expect.poll(() => status(second)).toBe(200)
  expect(await status(first)).toBe(401)
})

it('the configuration of the README is valid', async () => {
  const readme = readFileSync(join(import.meta.dirname, '../../../../README.md'), 'utf8')
  const yaml = /```yaml\n(secrets:.*?)```/s.exec(readme)?.[1] ?? ''
  const { code, output } = await runAtp(['config', 'check'], { config: parse(yaml) })
  expect(code, output).toBe(0)
  expect(output).toMatch(/adapters\[0\]\.api_key\s+secret:providers\/openai\s+file/)
})

it('a secret that is written into the file is refused with the way to do it right, and not repeated', async () => {
  const { code, output } = await runAtp(['config', 'check'], {
    config: {
      database: { url: 'postgres://u:canary@h/d' },
      adapters: [
        {
          ...configFor({ url: 'http://h' }).adapters[0],
          api_key: 'sk-canary',
          headers: { 'api-key': 'canary' },
        },
      ],
    },
  })
  expect(code).toBe(1)
  for (const field of ['database.url', 'adapters[0].api_key', 'adapters[0].headers.api-key']) {
    expect(output).toContain(field)
  }
  expect(output).toContain('env:OPENAI_API_KEY, file:/run/secrets/openai, vault:secret/openai#key')
  expect(output).not.toContain('canary')
})
