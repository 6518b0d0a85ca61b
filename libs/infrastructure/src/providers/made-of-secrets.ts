/** What is made of an upstream's secrets: once, and again when one of them is another. */
import type { LiveSecret } from '@atp/core/secret'
import { SecretUnreadable } from '@atp/core/secret-source'
import { UpstreamError } from '@atp/domain/adapter'
import { redactionOf } from './redaction.ts'

/** What was made, and the generation of each secret in it. */
export interface Generation<Made> {
  readonly made: Made
  readonly generations: readonly number[]
}

export class MadeOfSecrets<Made> {
  readonly #adapterId: string
  readonly #secrets: readonly LiveSecret[]
  readonly #make: () => Made
  #current: Generation<Made>
  #redactions: ((body: Buffer) => Buffer)[] = []

  /** @throws whatever `make` throws of the secrets as they are now */
  constructor(adapterId: string, secrets: readonly LiveSecret[], make: () => Made) {
    this.#adapterId = adapterId
    this.#secrets = secrets
    this.#make = make
    this.#current = this.#made()
  }

  /** @throws {UpstreamError} `unauthorized` where a secret has been unreadable for too long */
  current(): Generation<Made> {
    try {
      const { generations } = this.#current
      const isCurrent = (secret: LiveSecret, index: number) =>
        secret.reveal() !== '' && secret.generation === generations[index]
      if (!this.#secrets.every(isCurrent)) this.#current = this.#made()
      return this.#current
    } catch (error) {
      if (!(error instanceof SecretUnreadable)) throw error
      const message = `adapter ${this.#adapterId} has a secret that cannot be read any more, ${error.message}`
      // biome-ignore lint/style/useErrorCause: its message says all of it
      throw new UpstreamError('unauthorized', message)
    }
  }

  /** For a call that was refused with these: has their secrets read again. @returns whether there are others now */
  async replaced({ generations }: Generation<Made>): Promise<boolean> {
    const all = await Promise.all(
      this.#secrets.map((secret, index) => secret.replaced(generations[index] ?? 0)),
    )
    return all.includes(true)
  }

  /** Hides the secrets, should an upstream repeat them: those of now, and those of calls that are under way. */
  redact(body: Buffer): Buffer {
    return this.#redactions.reduce((clean, redact) => redact(clean), body)
  }

  #made(): Generation<Made> {
    const generations = this.#secrets.map(secret => secret.generation)
    const [latest] = this.#redactions
    this.#redactions = [
      redactionOf(this.#secrets.map(secret => secret.reveal())),
      ...(latest === undefined ? [] : [latest]),
    ]
    return { made: this.#make(), generations }
  }
}

/** Tries a call that was refused for its key once more, where there is another key now: no byte of an answer has been passed on. */
export function withCurrentKey<Made, Answer>(
  source: MadeOfSecrets<Made>,
  attempt: (made: Made) => Promise<Answer>,
): Promise<Answer> {
  const used = source.current()
  return attempt(used.made).catch(async error => {
    if (!wasRefused(error) || !(await source.replaced(used))) throw error
    return attempt(source.current().made)
  })
}

function wasRefused(error: unknown): boolean {
  return error instanceof UpstreamError && (error.status === 401 || error.status === 403)
}
