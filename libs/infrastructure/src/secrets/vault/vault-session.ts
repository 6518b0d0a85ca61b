/**
 * Our token: taken at the first call, renewed before it expires, and taken anew when it can be renewed no further or was revoked. One login for all
 * who need one.
 */
import type { Random } from '@atp/core/random'
import { SecretUnreadable } from '@atp/core/secret-source'
import type { VaultClient } from './vault-client.ts'
import { logIn, type VaultAuth, type VaultToken } from './vault-login.ts'

export interface VaultSessionOptions {
  readonly client: VaultClient
  readonly auth: VaultAuth
  readonly random: Random
  /** Another token than before: what was leased with that one ends with it. */
  readonly loggedIn: () => void
}

/** The part of a token's life after which it is renewed, and by how much of that replicas differ. */
const RENEW_AFTER = 2 / 3
const JITTER = 0.2
/** A renewal that brings less than this part of the first life has come to the longest life. */
const WORTH_RENEWING = 1 / 2
/** Milliseconds between tries to log in again while the old token lives, or Vault is away. */
const RETRY_MS = 1_000

export class VaultSession {
  readonly #options: VaultSessionOptions
  #token: VaultToken | null = null
  #login: Promise<VaultToken> | null = null
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: VaultSessionOptions) {
    this.#options = options
  }

  /** Whether it is the token of now. */
  isCurrent(token: string): boolean {
    return this.#token?.text === token
  }

  /**
   * A call that is refused is tried once more with another token, where it was ours that had died.
   * @throws {SecretUnreadable}
   */
  async call<Result>(work: (token: string) => Promise<Result>): Promise<Result> {
    const token = this.#token ?? (await this.#logIn())
    try {
      return await work(token.text)
    } catch (error) {
      if (!(error instanceof SecretUnreadable) || error.reason !== 'forbidden') throw error
      if (this.isCurrent(token.text) && (await this.#lives(token))) throw error
      const next = this.isCurrent(token.text) ? await this.#logIn() : await (this.#login ?? this.#current())
      return work(next.text)
    }
  }

  /** Gives the token back, where it was made for us, and with it all that was leased. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    const token = this.#token
    if (token?.own)
      await this.#options.client.write('auth/token/revoke-self', {}, token.text).catch(() => undefined)
  }

  async #current(): Promise<VaultToken> {
    return this.#token ?? (await this.#logIn())
  }

  #logIn(): Promise<VaultToken> {
    const { client, auth, loggedIn } = this.#options
    this.#login ??= logIn(client, auth)
      .then(token => {
        const isAnother = this.#token !== null && this.#token.text !== token.text
        this.#token = token
        this.#renewIn(token, token.ttlMs)
        if (isAnother) loggedIn()
        return token
      })
      .finally(() => {
        this.#login = null
      })
    return this.#login
  }

  /** A token that may not even look at itself is dead; one that may was refused by a policy. */
  async #lives({ text }: VaultToken): Promise<boolean> {
    try {
      await this.#options.client.read('auth/token/lookup-self', text)
      return true
    } catch (error) {
      if (error instanceof SecretUnreadable && error.reason === 'forbidden') return false
      throw error
    }
  }

  #renewIn(first: VaultToken, ttlMs: number): void {
    if (ttlMs <= 0) return
    const early = 1 - (JITTER * this.#options.random.uint32()) / 2 ** 32
    this.#at(ttlMs * RENEW_AFTER * early, () => this.#renew(first))
  }

  #at(delayMs: number, work: () => Promise<void>): void {
    clearTimeout(this.#timer)
    if (this.#isClosed) return
    this.#timer = setTimeout(() => void work(), Math.min(delayMs, LONGEST_TIMER_MS))
    this.#timer.unref()
  }

  async #renew(token: VaultToken): Promise<void> {
    try {
      const { auth } = token.renewable
        ? await this.#options.client.write('auth/token/renew-self', {}, token.text)
        : { auth: null }
      const ttlMs = (auth?.lease_duration ?? 0) * 1_000
      if (ttlMs >= token.ttlMs * WORTH_RENEWING) {
        this.#renewIn(token, ttlMs)
        return
      }
    } catch {
      // It has been revoked, or Vault is away: a login tells.
    }
    await this.#logIn().catch(() => this.#at(RETRY_MS, () => this.#renew(token)))
  }
}

/** Beyond it a timer of Node's fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1
