/** The headers of every call: made once, and again when a secret in them is another. */
import type { LiveSecret } from '@atp/core/secret'
import { SecretUnreadable } from '@atp/core/secret-source'
import { UpstreamError } from '@atp/domain/adapter'
import { type ConnectionOptions, headersOf } from './connection.ts'
import { redactionOf } from './redaction.ts'

/** Names and values in turn, as undici takes them fastest. */
export interface HeaderSet {
  readonly whole: string[]
  readonly stream: string[]
  /** Of each secret in them. */
  readonly generations: readonly number[]
}

export class CallHeaders {
  readonly #options: ConnectionOptions
  readonly #secrets: readonly LiveSecret[]
  #current: HeaderSet
  #redactions: ((body: Buffer) => Buffer)[] = []

  /** @throws {AtpError} `invalid_config` where a header cannot be sent */
  constructor(options: ConnectionOptions) {
    const { apiKey, headers = {} } = options
    this.#options = options
    this.#secrets = [...(apiKey === null ? [] : [apiKey]), ...Object.values(headers).filter(isSecret)]
    this.#current = this.#made()
  }

  /** @throws {UpstreamError} `unauthorized` where a secret has been unreadable for too long */
  current(): HeaderSet {
    try {
      const { generations } = this.#current
      const isCurrent = (secret: LiveSecret, index: number) =>
        secret.reveal() !== '' && secret.generation === generations[index]
      if (!this.#secrets.every(isCurrent)) this.#current = this.#made()
      return this.#current
    } catch (error) {
      if (!(error instanceof SecretUnreadable)) throw error
      const message = `adapter ${this.#options.adapterId} has a secret that cannot be read any more, ${error.message}`
      // biome-ignore lint/style/useErrorCause: its message says all of it
      throw new UpstreamError('unauthorized', message)
    }
  }

  /** For a call that was refused with these: has their secrets read again. @returns whether there are others now */
  async replaced({ generations }: HeaderSet): Promise<boolean> {
    const all = await Promise.all(
      this.#secrets.map((secret, index) => secret.replaced(generations[index] ?? 0)),
    )
    return all.includes(true)
  }

  /** Hides the secrets, should an upstream repeat them: those of now, and those of calls that are under way. */
  redact(body: Buffer): Buffer {
    return this.#redactions.reduce((clean, redact) => redact(clean), body)
  }

  #made(): HeaderSet {
    const generations = this.#secrets.map(secret => secret.generation)
    const [latest] = this.#redactions
    this.#redactions = [
      redactionOf(this.#secrets.map(secret => secret.reveal())),
      ...(latest === undefined ? [] : [latest]),
    ]
    return {
      whole: headersOf(this.#options, 'application/json'),
      stream: headersOf(this.#options, 'text/event-stream'),
      generations,
    }
  }
}

/** Tries a call that was refused for its key once more, where there is another key now: no byte of an answer has been passed on. */
export function withCurrentKey<Answer>(
  headers: CallHeaders,
  attempt: (headers: HeaderSet) => Promise<Answer>,
): Promise<Answer> {
  const used = headers.current()
  return attempt(used).catch(async error => {
    if (!wasRefused(error) || !(await headers.replaced(used))) throw error
    return attempt(headers.current())
  })
}

function wasRefused(error: unknown): boolean {
  return error instanceof UpstreamError && (error.status === 401 || error.status === 403)
}

function isSecret(value: string | LiveSecret): value is LiveSecret {
  return typeof value !== 'string'
}
