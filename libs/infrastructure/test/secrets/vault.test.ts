/** Against a real server of Vault's API: OpenBao. Only the login of Kubernetes is played by a fake, which says so. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { inspect } from 'node:util'
import { systemClock } from '@atp/core/clock'
import { SecretReference } from '@atp/core/config'
import { SystemRandom } from '@atp/core/random'
import { Secret } from '@atp/core/secret'
import { type VaultServer, vaultForTests } from '@atp/test-services'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SecretStore, type VaultAuth, VaultSource, type VaultSourceOptions } from '../../src/secrets/index.ts'

const vault = await vaultForTests()
const title = vault.missing === null ? 'secrets in Vault' : `secrets in Vault (skipped, ${vault.missing})`
const NOW = { previous: null, anew: false }
const POLICY = `
path "secret/data/app/*" { capabilities = ["read"] }
path "made/creds/*" { capabilities = ["read"] }
`

let server: VaultServer
const scratch = mkdtempSync(join(tmpdir(), 'atp-vault-tests-'))
afterAll(() => rmSync(scratch, { recursive: true }))
const opened: (VaultSource | SecretStore)[] = []

function sourceWith(
  auth: VaultAuth,
  options: Partial<Pick<VaultSourceOptions, 'address' | 'timeoutMs' | 'caFile'>> = {},
): VaultSource {
  const source = new VaultSource({
    address: server.url,
    timeoutMs: 10_000,
    ...options,
    kvMounts: ['secret'],
    auth,
    random: new SystemRandom(),
  })
  opened.push(source)
  return source
}

async function storeOf(source: VaultSource, ttlMs: number, reference = 'app/key') {
  const at = new SecretReference('vault', `secret/${reference}`, 'value')
  const lines: string[] = []
  const say = (facts: object, message: string) => void lines.push(`${message} ${JSON.stringify(facts)}`)
  const store = new SecretStore({
    secrets: [
      { field: 'adapters[0].api_key', reference: at, rule: { pattern: /^/, found: '', allowed: '' } },
    ],
    sources: { vault: source },
    policy: { ttlMs, staleIfErrorMs: 3_600_000 },
    clock: systemClock,
    random: new SystemRandom(),
    log: { info: say, warn: say },
  })
  opened.push(store)
  return { store, secret: () => store.get(at).reveal(), lines }
}

/** A role whose tokens live for so long, in seconds. */
async function appRole(name: string, ttl: number, maxTtl: number): Promise<VaultAuth> {
  const settings = { token_policies: 'app', token_ttl: ttl, token_max_ttl: maxTtl }
  await server.request('POST', `auth/approle/role/${name}`, settings)
  const { data: role } = await server.request('GET', `auth/approle/role/${name}/role-id`)
  const { data: secret } = await server.request('POST', `auth/approle/role/${name}/secret-id`)
  return {
    method: 'approle',
    roleId: () => new Secret(String(role.role_id)),
    secretId: () => new Secret(String(secret.secret_id)),
  }
}

const put = (path: string, value: string) =>
  server.request('POST', `secret/data/${path}`, { data: { value } })

/** The tokens that live, by accessor: of each what can be told of it. */
async function tokens(): Promise<string[]> {
  const { data } = await server.request('LIST', 'auth/token/accessors')
  return data.keys as string[]
}

describe.skipIf(vault.missing !== null)(title, () => {
  beforeAll(async () => {
    if (vault.missing !== null) return
    server = await vault.start()
    await server.request('PUT', 'sys/policies/acl/app', { policy: POLICY })
    await server.request('POST', 'sys/auth/approle', { type: 'approle' })
  })
  afterAll(async () => {
    await Promise.all(opened.map(each => each.close()))
    await server?.stop()
  })

  it('are read after a login by AppRole, and the token is given back in the end', async () => {
    await put('app/key', 'one')
    const before = await tokens()
    const source = sourceWith(await appRole('short', 3_600, 3_600))
    const readings = await Promise.all([1, 2, 3].map(() => source.read('secret/app/key', NOW)))
    expect(readings.map(({ fields }) => fields.get('value')?.reveal())).toEqual(['one', 'one', 'one'])
    expect(await tokens()).toHaveLength(before.length + 1)
    await source.close()
    expect(await tokens()).toHaveLength(before.length)
  })

  it('are read on while the token is renewed over several of its lives, and past its longest', async () => {
    await put('app/key', 'one')
    const before = (await tokens()).length
    // It lives for a second, and for three with renewals.
    const source = sourceWith(await appRole('brief', 1, 3))
    const until = Date.now() + 7_000
    let reads = 0
    while (Date.now() < until) {
      await source.read('secret/app/key', NOW)
      reads += 1
      await delay(20)
    }
    expect(reads).toBeGreaterThan(10)
    await source.close()
    await expect.poll(async () => (await tokens()).length).toBe(before)
  })

  it('of another version are seen within the ttl', async () => {
    await put('app/rotated', 'one')
    const { store, secret } = await storeOf(sourceWith(await appRole('reader', 60, 60)), 500, 'app/rotated')
    await store.open()
    expect(secret()).toBe('one')
    expect(store.status()[0]?.version).toBe('version 1')
    await put('app/rotated', 'two')
    await expect.poll(secret, { interval: 10 }).toBe('two')
    expect(store.status()[0]).toMatchObject({ version: 'version 2', failure: null })
  })

  it('serve while Vault is sealed, and while it is stopped, and are followed again when it is back', async () => {
    await put('app/kept', 'one')
    const { store, secret, lines } = await storeOf(
      sourceWith(await appRole('kept', 60, 60), { timeoutMs: 5_000 }),
      200,
      'app/kept',
    )
    await store.open()
    const reason = () => store.status()[0]?.failure?.reason
    await server.seal()
    await expect.poll(reason).toBe('sealed')
    expect(secret()).toBe('one')
    await server.halt()
    await expect.poll(reason).toBe('unreachable')
    expect(secret()).toBe('one')
    await server.resume()
    await put('app/kept', 'two')
    await expect.poll(secret).toBe('two')
    expect(lines.filter(line => line.includes('Vault is sealed'))).toHaveLength(1)
    expect(lines.join()).toMatch(/were replaced.*can be read again/)
  }, 120_000)

  it('stop the start where Vault is sealed', async () => {
    const { store } = await storeOf(sourceWith(await appRole('early', 60, 60)), 60_000)
    await server.seal()
    try {
      await expect(store.open()).rejects.toMatchObject({
        code: 'start_failed',
        problems: [
          { field: 'adapters[0].api_key', found: 'vault:secret/app/key#value, and Vault is sealed' },
        ],
      })
    } finally {
      await server.unseal()
    }
  })

  it('that no policy lets us read are refused with their path, without a login for each try', async () => {
    const source = sourceWith(await appRole('stranger', 60, 60))
    await source.read('secret/app/key', NOW)
    const before = (await tokens()).length
    for (let times = 0; times < 3; times += 1) {
      await expect(source.read('secret/others/key', NOW)).rejects.toMatchObject({
        reason: 'forbidden',
        message: expect.stringContaining('secret/data/others/key'),
      })
    }
    expect(await tokens()).toHaveLength(before)
  })

  it('that are not there, or were deleted, are missing', async () => {
    const source = sourceWith(await appRole('seeker', 60, 60))
    await expect(source.read('secret/app/none', NOW)).rejects.toMatchObject({ reason: 'missing' })
    await put('app/deleted', 'one')
    await server.request('DELETE', 'secret/data/app/deleted')
    await expect(source.read('secret/app/deleted', NOW)).rejects.toMatchObject({
      reason: 'missing',
      message: 'which was deleted',
    })
  })

  it('are read with a new login where the token was revoked', async () => {
    const source = sourceWith(await appRole('revoked', 60, 60))
    const before = await tokens()
    await source.read('secret/app/key', NOW)
    const [accessor] = (await tokens()).filter(each => !before.includes(each))
    await server.request('POST', 'auth/token/revoke-accessor', { accessor })
    const all = await Promise.all([1, 2, 3].map(() => source.read('secret/app/key', NOW)))
    expect(all).toHaveLength(3)
    expect(await tokens()).toHaveLength(before.length + 1)
  })

  it('are read with a token, which is read again when it is refused', async () => {
    const made = async () => {
      const { auth } = await server.request('POST', 'auth/token/create', { policies: ['app'], ttl: '60s' })
      return String(auth?.client_token)
    }
    let token = await made()
    const source = sourceWith({ method: 'token', token: () => new Secret(token) })
    await source.read('secret/app/key', NOW)
    await server.request('POST', 'auth/token/revoke', { token })
    token = await made()
    expect((await source.read('secret/app/key', NOW)).fields.get('value')?.reveal()).toBe('one')
  })

  it('come over TLS where the authority is known by its file, and from nobody who is not', async () => {
    const { url, caFile } = await server.addTls()
    await put('app/tls', 'one')
    const token = { method: 'token', token: () => new Secret(server.rootToken) } as const
    const trusting = sourceWith(token, { address: url, caFile })
    expect((await trusting.read('secret/app/tls', NOW)).fields.get('value')?.reveal()).toBe('one')
    const stranger = await sourceWith(token, { address: url })
      .read('secret/app/tls', NOW)
      .catch(thrown => thrown)
    expect(stranger).toMatchObject({
      reason: 'unreachable',
      message: expect.stringMatching(/SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/),
    })
    expect(() => sourceWith(token, { address: url, caFile: join(scratch, 'none.pem') })).toThrow(/ca_file/)
  }, 120_000)

  it('say what is wrong with a login, and nothing of what it holds', async () => {
    const bad = sourceWith({
      method: 'approle',
      roleId: () => new Secret('canary-role'),
      secretId: () => new Secret('canary-secret'),
    })
    const error = await bad.read('secret/app/key', NOW).catch(error => error)
    expect(error).toMatchObject({ reason: 'unauthenticated', message: expect.stringContaining('approle') })
    const away = sourceWith(
      { method: 'token', token: () => new Secret('canary') },
      { address: 'http://127.0.0.1:1' },
    )
    const unreachable = await away.read('secret/app/key', NOW).catch(error => error)
    expect(unreachable).toMatchObject({
      reason: 'unreachable',
      message: expect.stringContaining('ECONNREFUSED'),
    })
    for (const each of [error, unreachable])
      expect(inspect(each, { depth: 9, showHidden: true })).not.toContain('canary')
  })
})

/** A Vault that takes every token, and answers to everything else with this. */
async function fakeVault(
  status: number,
  errors: readonly string[],
): Promise<AsyncDisposable & { readonly address: string }> {
  const fake = createServer(({ url }, response) => {
    const isLogin = url === '/v1/auth/token/lookup-self'
    response.writeHead(isLogin ? 200 : status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(isLogin ? { data: { ttl: 0 } } : { errors }))
  })
  await new Promise<void>(resolve => fake.listen(0, '127.0.0.1', resolve))
  return {
    address: `http://127.0.0.1:${(fake.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      fake.closeAllConnections()
      await new Promise(resolve => fake.close(resolve))
    },
  }
}

describe('a fake Vault', () => {
  it.each([
    [429, [], 'standby'],
    [472, [], 'standby'],
    [473, [], 'standby'],
    [500, ['local node not active but active cluster node not found'], 'standby'],
    [503, ['Vault is sealed'], 'sealed'],
    [429, ['request path "secret/data/app/key": rate limit quota exceeded'], 'failed'],
    [500, ['internal error'], 'failed'],
  ])('(fake) that answers with status %i and %j is %s', async (status, errors, reason) => {
    await using fake = await fakeVault(status, errors)
    const source = sourceWith(
      { method: 'token', token: () => new Secret('canary') },
      { address: fake.address },
    )
    const error = await source.read('secret/app/key', NOW).catch(thrown => thrown)
    expect(error).toMatchObject({ reason })
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('canary')
  })

  it('(fake) takes the login by Kubernetes, with the projected token as it is at each login', async () => {
    const jwts: unknown[] = []
    const { promise: renewedFile, resolve: fileRenewed } = Promise.withResolvers<void>()
    let tokensMade = 0
    const fake = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', chunk => chunks.push(chunk))
      request.on('end', () => {
        const token = request.headers['x-vault-token']
        const answer = (status: number, body: object) => {
          response.writeHead(status, { 'content-type': 'application/json' })
          response.end(JSON.stringify(body))
        }
        if (request.url === '/v1/auth/k8s/login') {
          jwts.push(JSON.parse(Buffer.concat(chunks).toString()))
          tokensMade += 1
          answer(200, { auth: { client_token: `t${tokensMade}`, lease_duration: 3_600, renewable: true } })
        } else if (request.headers['x-vault-namespace'] !== 'team') answer(404, { errors: [] })
        // The first token is dead as soon as the other projected token is there.
        else if (token === 't1') renewedFile.then(() => answer(403, { errors: ['permission denied'] }))
        else answer(200, { data: { data: { value: 'one' }, metadata: { version: 1 } } })
      })
    })
    await new Promise<void>(resolve => fake.listen(0, '127.0.0.1', resolve))
    const jwtFile = join(scratch, 'token')
    writeFileSync(jwtFile, 'projected-1\n')
    const source = new VaultSource({
      address: `http://127.0.0.1:${(fake.address() as AddressInfo).port}`,
      namespace: 'team',
      timeoutMs: 10_000,
      kvMounts: ['secret'],
      auth: { method: 'kubernetes', mount: 'k8s', role: 'atp', jwtFile },
      random: new SystemRandom(),
    })
    const reading = source.read('secret/app/key', NOW)
    await expect.poll(() => jwts, { interval: 1 }).toHaveLength(1)
    writeFileSync(jwtFile, 'projected-2\n')
    fileRenewed()
    expect((await reading).fields.get('value')?.reveal()).toBe('one')
    expect(jwts).toEqual([
      { role: 'atp', jwt: 'projected-1' },
      { role: 'atp', jwt: 'projected-2' },
    ])
    fake.closeAllConnections()
    fake.close()
  })
})
