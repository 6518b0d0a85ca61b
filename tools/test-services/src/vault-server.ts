/** A throwaway OpenBao of one's own, which speaks Vault's API: on disk, so that it can be stopped, and sealed, and come back. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from './free-port.ts'
import { SupervisedProcess } from './supervised-process.ts'
import { vaultBinary } from './vault-binary.ts'

const START_DEADLINE_MS = 45_000
const POLL_MS = 25

export interface VaultServer {
  readonly url: string
  readonly rootToken: string
  /** Asks its API as root. @throws {Error} where it answers with another status than 2xx */
  request<Body = VaultAnswer>(method: string, path: string, body?: unknown): Promise<Body>
  seal(): Promise<void>
  unseal(): Promise<void>
  /** Stops the server and keeps its data, as in an outage. */
  halt(): Promise<void>
  /** Starts it again at the same address, and unseals it. */
  resume(): Promise<void>
  /** Starts it again with a second address, over TLS: the authority that has signed its certificate is its own, known to nobody. */
  addTls(): Promise<VaultOverTls>
  /** Stops it and removes everything. */
  stop(): Promise<void>
}

export interface VaultOverTls {
  readonly url: string
  /** Of the authority's certificate, in PEM form. */
  readonly caFile: string
}

/** The parts of its answers that tests read. */
export interface VaultAnswer {
  readonly data: Readonly<Record<string, unknown>>
  readonly auth: { readonly client_token: string; readonly accessor: string } | null
}

/** With a KV engine of version 2 at `secret/`. @throws {Error} where the binary cannot be had, or it does not answer within 45 s */
export async function startVault(): Promise<VaultServer> {
  const { path, missing } = await vaultBinary()
  if (path === null) throw new Error(missing)
  const server = new ThrowawayVault(path, await freePort(), await freePort())
  await server.initialize()
  await server.request('POST', 'sys/mounts/secret', { type: 'kv', options: { version: '2' } })
  return server
}

class ThrowawayVault implements VaultServer {
  readonly url: string
  rootToken = ''
  #unsealKey = ''
  readonly #binary: string
  readonly #directory = mkdtempSync(join(tmpdir(), 'atp-vault-'))
  readonly #listeners: object[]
  readonly #clusterUrl: string
  #process: SupervisedProcess | null = null

  constructor(binary: string, port: number, clusterPort: number) {
    this.#binary = binary
    this.url = `http://127.0.0.1:${port}`
    const cluster_address = `127.0.0.1:${clusterPort}`
    mkdirSync(join(this.#directory, 'data'))
    this.#listeners = [{ tcp: { address: `127.0.0.1:${port}`, cluster_address, tls_disable: true } }]
    this.#clusterUrl = `https://${cluster_address}`
    this.#writeSettings()
  }

  async initialize(): Promise<void> {
    await this.#launch()
    const keys = { secret_shares: 1, secret_threshold: 1 }
    const made = await this.request<{ keys: [string]; root_token: string }>('POST', 'sys/init', keys)
    this.#unsealKey = made.keys[0]
    this.rootToken = made.root_token
    await this.unseal()
  }

  async request<Body>(method: string, path: string, body?: unknown): Promise<Body> {
    const response = await fetch(`${this.url}/v1/${path}`, {
      method,
      headers: { 'x-vault-token': this.rootToken },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return (text === '' ? null : JSON.parse(text)) as Body
  }

  async seal(): Promise<void> {
    await this.request('POST', 'sys/seal')
  }

  async unseal(): Promise<void> {
    await this.request('POST', 'sys/unseal', { key: this.#unsealKey })
    await this.#answers(200)
  }

  async halt(): Promise<void> {
    await this.#process?.end({ keepDirectory: true })
    this.#process = null
  }

  async resume(): Promise<void> {
    await this.#launch()
    await this.unseal()
  }

  async addTls(): Promise<VaultOverTls> {
    const address = `127.0.0.1:${await freePort()}`
    await this.request('POST', 'sys/mounts/pki', { type: 'pki' })
    await this.request('POST', 'pki/root/generate/internal', { common_name: 'an authority for tests' })
    await this.request('POST', 'pki/roles/server', { allow_any_name: true })
    const asked = { common_name: 'localhost', ip_sans: '127.0.0.1', ttl: '24h' }
    const { data } = await this.request<VaultAnswer>('POST', 'pki/issue/server', asked)
    const caFile = this.#keep('ca.pem', data.issuing_ca)
    const tls_cert_file = this.#keep('certificate.pem', data.certificate)
    const tls_key_file = this.#keep('key.pem', data.private_key)
    this.#listeners.push({ tcp: { address, tls_cert_file, tls_key_file } })
    this.#writeSettings()
    await this.halt()
    await this.resume()
    return { url: `https://${address}`, caFile }
  }

  async stop(): Promise<void> {
    await this.halt()
    rmSync(this.#directory, { recursive: true, force: true })
  }

  async #launch(): Promise<void> {
    this.#process = new SupervisedProcess({
      directory: this.#directory,
      command: [this.#binary, 'server', `-config=${this.#settingsFile}`],
      user: null,
    })
    await this.#answers(200, 501, 503)
  }

  #writeSettings(): void {
    const settings = {
      storage: { raft: { path: join(this.#directory, 'data'), node_id: 'alone' } },
      listener: this.#listeners,
      api_addr: this.url,
      cluster_addr: this.#clusterUrl,
      log_level: 'warn',
    }
    writeFileSync(this.#settingsFile, JSON.stringify(settings))
  }

  #keep(name: string, pem: unknown): string {
    const file = join(this.#directory, name)
    writeFileSync(file, String(pem), { mode: 0o600 })
    return file
  }

  get #settingsFile(): string {
    return join(this.#directory, 'settings.json')
  }

  /** Its health is a status: 200 active, 429 standby, 501 not initialized, 503 sealed. */
  async #answers(...statuses: readonly number[]): Promise<void> {
    const deadline = Date.now() + START_DEADLINE_MS
    for (;;) {
      const status = await fetch(`${this.url}/v1/sys/health`).then(
        response => response.status,
        () => null,
      )
      if (status !== null && statuses.includes(status)) return
      if (Date.now() > deadline) throw new Error(`OpenBao did not start (${status}): ${this.#log()}`)
      await delay(POLL_MS)
    }
  }

  #log(): string {
    return readFileSync(join(this.#directory, 'server.log'), 'utf8').slice(-2000)
  }
}
