/** A gateway that asks for keys, in front of one scripted upstream, with an admin key that the test knows. */
import { randomBytes } from 'node:crypto'
import { expect } from 'vitest'
import { type GatewayOptions, GatewayProcess } from './gateway-process.ts'
import type { Answered } from './post.ts'
import { completionOf, configFor, type Script, ScriptedUpstream } from './scripted-upstream.ts'

export interface CallOptions {
  /** Null: without one. */
  readonly key: string | null
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Hangs up. */
  readonly signal?: AbortSignal
}

export interface MadeKey {
  readonly id: string
  readonly key: string
}

export async function call<Body = Record<string, unknown>>(
  gateway: { readonly url: string },
  request: string,
  { key, body, headers, signal }: CallOptions,
): Promise<Answered<Body>> {
  const [method = 'GET', path = '/'] = request.split(' ')
  const response = await fetch(gateway.url + path, {
    method,
    headers: {
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  })
  const text = await response.text()
  const isJson = /json/.test(response.headers.get('content-type') ?? '')
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: (isJson && text !== '' ? JSON.parse(text) : null) as Body,
  }
}

export class KeyedGateway implements AsyncDisposable {
  readonly gateway: GatewayProcess
  readonly upstream: ScriptedUpstream
  readonly adminKey: string
  /** Every key that was ever shown: none of them may be anywhere else. */
  readonly shown: string[]

  private constructor(gateway: GatewayProcess, upstream: ScriptedUpstream, adminKey: string) {
    this.gateway = gateway
    this.upstream = upstream
    this.adminKey = adminKey
    this.shown = gateway.secrets
  }

  static async start(
    options: Pick<GatewayOptions, 'env' | 'dataDir' | 'workers'> & {
      readonly models?: readonly string[]
      readonly adminKey?: string
      readonly script?: Script
      readonly config?: Readonly<Record<string, unknown>>
      /** In place of the one that serves `models`. @param upstream the address of the scripted one */
      readonly adapters?: (upstream: string) => readonly object[]
    } = {},
  ): Promise<KeyedGateway> {
    const { models = ['small', 'large'], adminKey = freshKey(), script = hello } = options
    const upstream = await ScriptedUpstream.start(script)
    const gateway = await GatewayProcess.start({
      ...(options.dataDir === undefined ? {} : { dataDir: options.dataDir }),
      ...(options.workers === undefined ? {} : { workers: options.workers }),
      auth: 'keys',
      config: {
        ...configFor(upstream, models),
        ...(options.adapters === undefined ? {} : { adapters: options.adapters(upstream.url) }),
        ...options.config,
      },
      env: { ...options.env, ATP_AUTH_ADMIN_KEY: 'env:ROOT_KEY', ROOT_KEY: adminKey },
    })
    return new KeyedGateway(gateway, upstream, adminKey)
  }

  get url(): string {
    return this.gateway.url
  }

  /** As an administrator. */
  admin<Body = Record<string, unknown>>(request: string, options: Omit<CallOptions, 'key'> = {}) {
    return call<Body>(this, request, { ...options, key: this.adminKey })
  }

  ask(key: string | null, body: Record<string, unknown> = {}, options: Pick<CallOptions, 'signal'> = {}) {
    return call(this, 'POST /v1/ask', { ...options, key, body: { prompt: 'Hello?', ...body } })
  }

  /** A tenant, and a data key of it. */
  async tenant(id: string, settings: Record<string, unknown> = {}): Promise<MadeKey> {
    const { status, text } = await this.admin('POST /admin/v1/tenants', {
      body: { id, name: id, ...settings },
    })
    expect(status, text).toBe(201)
    return this.key({ tenant: id, scope: 'data' })
  }

  /** A tenant, and a data key of it, once every worker knows it: twice as many connections in a row as there are workers are let in. */
  async sharedTenant(id: string, settings: Record<string, unknown> = {}): Promise<MadeKey> {
    const made = await this.tenant(id, settings)
    const headers = { authorization: `Bearer ${made.key}`, connection: 'close' }
    const statuses = async () => {
      const asked = Array.from({ length: 16 }, () => fetch(`${this.url}/v1/models`, { headers }))
      return new Set((await Promise.all(asked)).map(({ status }) => status))
    }
    await expect.poll(statuses).toEqual(new Set([200]))
    return made
  }

  async key(body: Record<string, unknown>): Promise<MadeKey> {
    const made = await this.admin<MadeKey>('POST /admin/v1/keys', { body: { name: 'a key', ...body } })
    expect(made.status, made.text).toBe(201)
    this.shown.push(made.body.key)
    return made.body
  }

  /** Fails where a key is in what the gateway wrote, counts, or keeps in its log of changes. */
  async expectNoKeyShown(): Promise<void> {
    const metrics = await call(this, 'GET /metrics', { key: null })
    const audit = await this.admin('GET /admin/v1/audit?limit=200')
    const keys = await this.admin('GET /admin/v1/keys?limit=200')
    for (const key of this.shown) {
      for (const text of [this.gateway.output, metrics.text, audit.text, keys.text]) {
        expect(text).not.toContain(key)
        expect(text).not.toContain(key.slice(4, 24))
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway[Symbol.asyncDispose]()
    await this.upstream[Symbol.asyncDispose]()
  }
}

const hello: Script = (_request, response) => {
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(completionOf('Hello.', { prompt_tokens: 10, completion_tokens: 5 })))
}

export function freshKey(): string {
  return `atp_${randomBytes(32).toString('base64url')}`
}
