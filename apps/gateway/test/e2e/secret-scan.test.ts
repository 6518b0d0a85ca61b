/** Every secret that a gateway uses, at the log level that says most, through good and bad requests: none of them is anywhere it writes. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { postgresForTests, type RedisServer, startRedis, vaultForTests } from '@atp/test-services'
import { Redis } from 'ioredis'
import pg from 'pg'
import { afterAll, describe, expect, it } from 'vitest'
import { GatewayProcess, runAtp } from '../support/gateway-process.ts'
import { call, freshKey } from '../support/keyed-gateway.ts'
import { completionOf, configFor, type Script, ScriptedUpstream } from '../support/scripted-upstream.ts'
import { VaultWithRole } from '../support/vault-with-role.ts'

const postgres = await postgresForTests()
const vault = await vaultForTests()
const missing = postgres.missing ?? vault.missing
afterAll(async () => void (postgres.missing === null && (await postgres.stop())))

const scratch = mkdtempSync(join(tmpdir(), 'atp-secret-scan-'))
afterAll(() => rmSync(scratch, { recursive: true }))

const random = () => randomBytes(24).toString('hex')

/** Answers, refuses, breaks off and stumbles as the prompt says, and repeats what it was sent: some do. */
const upstream: Script = ({ body, headers }, response) => {
  const prompt = JSON.stringify(body.messages ?? body.input)
  const repeated = `${headers.authorization} ${headers['x-api-key']}`
  const failure = /status (\d+)/.exec(prompt)?.[1]
  if (failure !== undefined) {
    response.writeHead(Number(failure), { 'content-type': 'application/json' })
    response.end(JSON.stringify({ error: { message: `no: ${repeated}` } }))
  } else if (prompt.includes('nonsense')) response.end(`<html>${repeated}</html>`)
  else if (prompt.includes('hang up')) response.destroy()
  else if (body.input !== undefined) answerInput(body, response)
  else if (body.stream === true) {
    response.setHeader('content-type', 'text/event-stream')
    response.end(
      'data: {"choices":[{"index":0,"delta":{"content":"Hello."},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
    )
  } else {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(completionOf('Hello.', { prompt_tokens: 10, completion_tokens: 5 })))
  }
}

const EMBEDDER = {
  name: 'texts',
  capabilities: ['embeddings'],
  input_usd_per_mtok: 1,
  output_usd_per_mtok: 0,
}

/** Of embeddings, and of OpenAI's Responses. */
function answerInput({ model, stream }: Record<string, unknown>, response: ServerResponse): void {
  const answer = { object: 'response', output: [], usage: { input_tokens: 10, output_tokens: 5 } }
  if (stream === true) {
    response.setHeader('content-type', 'text/event-stream')
    response.end(`data: ${JSON.stringify({ type: 'response.completed', response: answer })}\n\n`)
  } else {
    response.setHeader('content-type', 'application/json')
    const list = { data: [{ embedding: [1] }], usage: { prompt_tokens: 10 } }
    response.end(JSON.stringify(model === 'texts' ? list : answer))
  }
}

describe.skipIf(missing !== null)(`every secret${missing === null ? '' : ` (skipped, ${missing})`}`, () => {
  it('is in no log, metric, response, journal or database', async () => {
    if (postgres.missing !== null) return
    const secrets = {
      providerKey: `sk-${random()}`,
      headerKey: random(),
      adminKey: freshKey(),
      databasePassword: random(),
      redisPassword: random(),
    }
    await using vault = await VaultWithRole.start()
    await vault.put('up', { key: secrets.providerKey, database: secrets.databasePassword })
    await using up = await ScriptedUpstream.start(upstream)
    await using redis = await redisWith(secrets.redisPassword)
    writeFileSync(join(scratch, 'header'), secrets.headerKey)
    const databaseUrl = await postgres.createDatabase()
    const dataDir = join(scratch, 'data')
    const [adapter] = configFor(up).adapters
    const options = {
      auth: 'keys' as const,
      dataDir,
      config: {
        log: { level: 'trace', requests: true },
        auth: { admin_key: 'env:ROOT_KEY' },
        secrets: vault.config('1s'),
        database: { url: databaseUrl, password: 'vault:secret/atp/up#database' },
        redis: { url: redis.url, user: 'env:REDIS_USER', password: 'env:REDIS_PASSWORD' },
        adapters: [
          {
            ...adapter,
            responses: true,
            models: [...(adapter?.models ?? []), EMBEDDER],
            api_key: 'vault:secret/atp/up#key',
            headers: { 'x-api-key': `file:${join(scratch, 'header')}` },
          },
        ],
      },
      env: {
        ...vault.env,
        ROOT_KEY: secrets.adminKey,
        REDIS_USER: 'gateway',
        REDIS_PASSWORD: secrets.redisPassword,
        // What its client would print of its own accord.
        DEBUG: 'node-vault',
      },
    }
    const gateway = await GatewayProcess.start(options)
    const answers = new Answers(gateway, secrets.adminKey)
    const dataKey = await answers.keyOfTenant()
    await answers.ask(dataKey)
    await answers.lookAround()
    // Once while Vault is away, too.
    await vault.server.seal()
    await expect.poll(() => gateway.output).toContain('Vault is sealed')
    await answers.ask(dataKey)
    await vault.server.unseal()
    for (const command of [['config', 'check'], ['secrets', 'doctor'], ['replay']]) {
      answers.texts.push((await runAtp(command, options)).output)
    }
    const files = () => filesOf(dataDir)
    const beforeStop = files()
    await gateway.end()
    const places = {
      log: gateway.output,
      answers: answers.texts.join('\n'),
      journal: `${beforeStop}${files()}`,
      database: await everyRow(databaseUrl),
      redis: await redis.everything(),
    }
    // Each place was looked at where something was.
    expect(places.log).toMatch(/"level":"warn".*Vault is sealed/)
    expect(places.answers).toContain('Hello.')
    expect(places.answers).toMatch(/^atp_secret_reads_total\{source="vault"\} \d+$/m)
    for (const answer of ['"embedding":[1]', '"object":"response"', 'response.completed']) {
      expect(places.answers).toContain(answer)
    }
    for (const [place, text] of Object.entries(places)) {
      expect(text.length, place).toBeGreaterThan(100)
      const hidden = {
        ...secrets,
        dataKey,
        roleId: vault.roleId,
        secretId: vault.secretId,
        rootToken: vault.server.rootToken,
      }
      for (const [name, secret] of Object.entries(hidden)) {
        for (const form of [
          secret,
          secret.slice(6, 24),
          Buffer.from(secret).toString('base64').slice(0, -4),
        ]) {
          expect(text.includes(form), `${name} in the ${place}`).toBe(false)
        }
      }
      expect(
        /\b[hb]?vs\.[\w-]{20,}|\bs\.[A-Za-z0-9]{24}\b/.exec(text)?.[0],
        `a token of Vault in the ${place}`,
      ).toBeUndefined()
    }
  }, 180_000)
})

/** What was asked of a gateway, good and bad, and all that it answered. */
class Answers {
  readonly texts: string[] = []
  readonly #gateway: GatewayProcess
  readonly #adminKey: string

  constructor(gateway: GatewayProcess, adminKey: string) {
    this.#gateway = gateway
    this.#adminKey = adminKey
  }

  /** The one answer that shows a key is not kept. */
  async keyOfTenant(): Promise<string> {
    await this.#call('POST /admin/v1/tenants', this.#adminKey, { id: 'acme', name: 'Acme' })
    const body = { tenant: 'acme', scope: 'data', name: 'a key' }
    const made = await call<{ key: string }>(this.#gateway, 'POST /admin/v1/keys', {
      key: this.#adminKey,
      body,
    })
    return made.body.key
  }

  async ask(key: string): Promise<void> {
    for (const prompt of [
      'Hello?',
      'status 400',
      'status 401',
      'status 403',
      'status 429',
      'status 500',
      'nonsense',
      'hang up',
    ]) {
      for (const stream of [false, true]) {
        const messages = [{ role: 'user', content: prompt }]
        await this.#call('POST /v1/chat/completions', key, { model: 'model', stream, messages })
        await this.#call('POST /v1/responses', key, { model: 'model', stream, input: prompt })
      }
      await this.#call('POST /v1/embeddings', key, { model: 'texts', input: prompt })
    }
    const { decision_id } = await this.#call('POST /v1/ask', key, { prompt: 'Hello?' })
    await this.#call('POST /v1/observe', key, { decision_id, quality: 0.5 })
    await this.#call('POST /v1/plan', key, { prompt: 'Hello?' })
    await this.#call('POST /v1/ask', key, { prompt: 'Hello?', nonsense: true })
    await this.#call('POST /v1/ask', freshKey(), { prompt: 'Hello?' })
    await this.#call('POST /v1/embeddings', key, { model: 'auto', input: 'Hello?' })
    await this.#call('POST /v1/responses', key, { model: 'auto', input: 'Hello?' })
    await this.#call('GET /v1/responses/resp_1', key)
    await this.#call('POST /admin/v1/keys', key, {})
  }

  async lookAround(): Promise<void> {
    for (const path of ['/metrics', '/openapi.json', '/readyz', '/livez', '/v1/models', '/nowhere']) {
      await this.#call(`GET ${path}`, this.#adminKey)
    }
    for (const list of ['tenants', 'keys', 'audit']) await this.#call(`GET /admin/v1/${list}`, this.#adminKey)
  }

  async #call(request: string, key: string, body?: unknown): Promise<Record<string, unknown>> {
    const options = body === undefined ? { key } : { key, body }
    const answer = await call(this.#gateway, request, options)
    this.texts.push(`${JSON.stringify([...answer.headers])}\n${answer.text}`)
    return answer.body ?? {}
  }
}

function filesOf(directory: string): string {
  const names = readdirSync(directory, { recursive: true, withFileTypes: true })
  return names
    .filter(entry => entry.isFile())
    .map(entry => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n')
}

async function everyRow(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows: tables } = await client.query(
      "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')",
    )
    const texts: string[] = []
    for (const { name } of tables) {
      const { rows } = await client.query(`select t::text as row from ${name} t`)
      texts.push(...rows.map(({ row }) => `${name} ${row}`))
    }
    return texts.join('\n')
  } finally {
    await client.end()
  }
}

interface RedisWithUser extends AsyncDisposable {
  readonly url: string
  everything(): Promise<string>
}

async function redisWith(password: string): Promise<RedisWithUser> {
  const server: RedisServer = await startRedis()
  const root = new Redis(server.url)
  await root.acl('SETUSER', 'gateway', 'on', `>${password}`, '~*', '&*', '+@all')
  return {
    url: server.url,
    async everything() {
      const keys = await root.keys('*')
      const dumps = await Promise.all(keys.map(key => root.dumpBuffer(key)))
      const log = (await root.call('CLIENT', 'LIST')) as string
      return [...keys, ...dumps.map(dump => dump?.toString('latin1')), log].join('\n')
    },
    async [Symbol.asyncDispose]() {
      root.disconnect()
      await server.stop()
    },
  }
}
