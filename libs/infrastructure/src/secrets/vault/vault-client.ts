/** Vault's API through node-vault, bare: one request, one answer, and errors that say what is wrong and hold no token. */
import { readFileSync } from 'node:fs'
import { rootCertificates } from 'node:tls'
import { SecretUnreadable } from '@atp/core/secret-source'
import nodeVault from 'node-vault'

export interface VaultClientOptions {
  readonly address: string
  readonly namespace?: string
  /** Certificates in PEM form, trusted besides those of the system. */
  readonly caFile?: string
  readonly timeoutMs: number
}

/** The parts of Vault's answers that are read here. Durations are in seconds. */
export interface VaultAnswer {
  readonly data?: Readonly<Record<string, unknown>> | null
  readonly lease_id?: string
  readonly lease_duration?: number
  readonly renewable?: boolean
  readonly auth?: {
    readonly client_token: string
    readonly lease_duration: number
    readonly renewable: boolean
  } | null
}

export class VaultClient {
  readonly #vault: nodeVault.client

  /** @throws {SecretUnreadable} where the authorities' certificates cannot be read */
  constructor({ address, namespace = '', caFile, timeoutMs }: VaultClientOptions) {
    this.#vault = nodeVault({
      endpoint: address,
      // Its own prints what it sends, secrets and all.
      debug: () => undefined,
      requestOptions: {
        strictSSL: true,
        timeout: timeoutMs,
        ...(caFile === undefined ? {} : { ca: [...rootCertificates, certificatesIn(caFile)] }),
      },
    })
    // It would take them from variables of the environment: the configuration alone decides.
    Object.assign(this.#vault, { token: '', namespace, pathPrefix: '' })
  }

  /** @param token none where there is none yet. @throws {SecretUnreadable} that says the path */
  async read(path: string, token: string): Promise<VaultAnswer> {
    try {
      return await this.#vault.read(path, withToken(token))
    } catch (error) {
      throw unreadable(error, path)
    }
  }

  /** @throws {SecretUnreadable} that says the path */
  async write(path: string, body: Readonly<Record<string, unknown>>, token = ''): Promise<VaultAnswer> {
    try {
      return (await this.#vault.write(path, body, withToken(token))) ?? {}
    } catch (error) {
      throw unreadable(error, path)
    }
  }
}

function withToken(token: string) {
  return { headers: token === '' ? {} : { 'X-Vault-Token': token } }
}

function certificatesIn(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // biome-ignore lint/style/useErrorCause: what a secret's error says goes no further than its message
    throw new SecretUnreadable('unusable', `and secrets.vault.ca_file, ${file}, cannot be read (${code})`)
  }
}

/** No cause: the client's own error holds the request, its token and its body. */
function unreadable(error: unknown, path: string): SecretUnreadable {
  const { response, code } = error as ClientError
  if (response === undefined) {
    return code === 'ECONNABORTED'
      ? new SecretUnreadable('unreachable', 'and Vault did not answer in time')
      : new SecretUnreadable('unreachable', `and Vault cannot be reached (${code ?? 'unknown'})`)
  }
  const { statusCode, body } = response
  const words = (body?.errors ?? []).join('; ')
  const wasDeleted = Boolean(body?.data?.metadata?.deletion_time)
  if (statusCode === 404)
    return new SecretUnreadable('missing', wasDeleted ? 'which was deleted' : 'where nothing is')
  if (statusCode === 403) {
    return new SecretUnreadable('forbidden', `and our token may not use ${path} (403): look at its policies`)
  }
  if (/sealed/i.test(words)) return new SecretUnreadable('sealed', 'and Vault is sealed')
  if (isStandby(statusCode, words)) {
    return new SecretUnreadable('standby', 'and Vault is on standby, without an active node')
  }
  return new SecretUnreadable('failed', `and Vault answers with status ${statusCode} at ${path}`)
}

/** By the statuses that its API documents for nodes that are not active: standby, secondary for disaster recovery, performance standby. */
const STANDBY_STATUSES = new Set([429, 472, 473])

function isStandby(statusCode: number, words: string): boolean {
  // With 429 it refuses who asks too often, too.
  if (/quota|too many requests/i.test(words)) return false
  return STANDBY_STATUSES.has(statusCode) || /standby|not active|active (?:cluster )?node/i.test(words)
}

interface ErrorBody {
  readonly errors?: readonly string[]
  readonly data?: { readonly metadata?: { readonly deletion_time?: string } } | null
}

interface ClientError {
  readonly code?: string
  readonly response?: { readonly statusCode: number; readonly body?: ErrorBody }
}
