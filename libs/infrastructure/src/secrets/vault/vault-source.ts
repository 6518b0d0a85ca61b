/** Secrets in Vault: the newest version in a KV engine of version 2; elsewhere what is leased, whose lease is renewed for as long as it goes. */
import type { Random } from '@atp/core/random'
import { Secret } from '@atp/core/secret'
import {
  type ReadOptions,
  type SecretReading,
  type SecretSource,
  SecretUnreadable,
} from '@atp/core/secret-source'
import { epochMs } from '@atp/core/units'
import { type VaultAnswer, VaultClient, type VaultClientOptions } from './vault-client.ts'
import type { VaultAuth } from './vault-login.ts'
import { VaultSession } from './vault-session.ts'

export interface VaultSourceOptions extends VaultClientOptions {
  /** Mounts of KV engines of version 2. */
  readonly kvMounts: readonly string[]
  readonly auth: VaultAuth
  readonly random: Random
}

interface Lease {
  readonly id: string
  readonly durationMs: number
  /** What it was at first. */
  readonly firstMs: number
  readonly renewable: boolean
  /** It ends with this token. */
  readonly token: string
}

/** The part of a lease after which it is renewed; one that is renewed to less than half of what it was has come to its end. */
const RENEW_AFTER = 2 / 3
const WORTH_RENEWING = 1 / 2

export class VaultSource implements SecretSource {
  readonly #client: VaultClient
  readonly #session: VaultSession
  readonly #kvMounts: readonly string[]
  readonly #leases = new WeakMap<SecretReading, Lease>()
  readonly #watching = new Set<() => void>()

  constructor({ kvMounts, auth, random, ...options }: VaultSourceOptions) {
    this.#client = new VaultClient(options)
    this.#kvMounts = kvMounts
    this.#session = new VaultSession({
      client: this.#client,
      auth,
      random,
      loggedIn: () => {
        for (const changed of this.#watching) changed()
      },
    })
  }

  async read(path: string, { previous, anew }: ReadOptions): Promise<SecretReading> {
    const renewed = previous === null || anew ? null : await this.#renewed(previous)
    if (renewed !== null) return renewed
    const mount = this.#kvMounts.find(each => path.startsWith(`${each}/`))
    return mount === undefined ? this.#readLeased(path) : this.#readVersioned(mount, path)
  }

  watch(_path: string, changed: () => void): () => void {
    this.#watching.add(changed)
    return () => this.#watching.delete(changed)
  }

  async close(): Promise<void> {
    await this.#session.close()
  }

  async #readVersioned(mount: string, path: string): Promise<SecretReading> {
    const raw = `${mount}/data${path.slice(mount.length)}`
    const { data } = await this.#session.call(token => this.#client.read(raw, token))
    const { data: fields, metadata } = (data ?? {}) as KvAnswer
    if (fields == null) throw new SecretUnreadable('missing', 'where nothing is')
    const made = Date.parse(metadata?.created_time ?? '')
    return {
      fields: secretsIn(fields),
      version: `version ${metadata?.version}`,
      madeAt: Number.isNaN(made) ? null : epochMs(made),
      goodForMs: null,
    }
  }

  #readLeased(path: string): Promise<SecretReading> {
    return this.#session.call(async token => {
      const answer = await this.#client.read(path, token)
      const lease = leaseIn(answer, token)
      return this.#leased(secretsIn(answer.data ?? {}), lease)
    })
  }

  /** @returns null where it must be read anew */
  async #renewed(previous: SecretReading): Promise<SecretReading | null> {
    const lease = this.#leases.get(previous)
    if (lease === undefined || !lease.renewable || !this.#session.isCurrent(lease.token)) return null
    try {
      const answer = await this.#client.write('sys/leases/renew', { lease_id: lease.id }, lease.token)
      const next = leaseIn(answer, lease.token)
      if (next.durationMs < lease.firstMs * WORTH_RENEWING) return null
      return this.#leased(previous.fields, { ...next, firstMs: lease.firstMs })
    } catch {
      return null
    }
  }

  #leased(fields: SecretReading['fields'], lease: Lease): SecretReading {
    if (lease.durationMs === 0) return { fields, version: 'without a lease', madeAt: null, goodForMs: null }
    const reading = {
      fields,
      version: `lease of ${lease.durationMs / 1_000} s`,
      madeAt: null,
      goodForMs: lease.durationMs * RENEW_AFTER,
    }
    this.#leases.set(reading, lease)
    return reading
  }
}

interface KvAnswer {
  readonly data?: Readonly<Record<string, unknown>> | null
  readonly metadata?: { readonly version?: number; readonly created_time?: string }
}

/** What is no text is taken as its JSON. */
function secretsIn(fields: Readonly<Record<string, unknown>>): ReadonlyMap<string, Secret> {
  const texts = Object.entries(fields).map(([name, value]) => [
    name,
    new Secret(typeof value === 'string' ? value : JSON.stringify(value)),
  ])
  return new Map(texts as [string, Secret][])
}

function leaseIn(
  { lease_id: id = '', lease_duration = 0, renewable = false }: VaultAnswer,
  token: string,
): Lease {
  const durationMs = id === '' ? 0 : lease_duration * 1_000
  return { id, durationMs, firstMs: durationMs, renewable, token }
}
