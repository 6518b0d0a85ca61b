/** A secret in use: one field of what is cached, as whoever uses it asks for it. It changes only to a value that can be used. */
import type { SecretRule } from '@atp/core/config'
import { type LiveSecret, Redacted, type Secret } from '@atp/core/secret'
import { type SecretReading, SecretUnreadable } from '@atp/core/secret-source'
import type { CachedPath } from './cached-path.ts'

export class HeldSecret extends Redacted implements LiveSecret {
  readonly #path: CachedPath
  readonly #field: string
  readonly #rule: SecretRule
  readonly #listeners = new Set<() => void>()
  #value: Secret | null = null
  #generation = 0
  #unusable: SecretUnreadable | null = null

  constructor(path: CachedPath, field: string, rule: SecretRule) {
    super()
    this.#path = path
    this.#field = field
    this.#rule = rule
  }

  get generation(): number {
    return this.#generation
  }

  /** Why it is not as it is in its place, where it is not. */
  get failure(): SecretUnreadable | null {
    return this.#path.failure ?? this.#unusable
  }

  reveal(): string {
    if (this.#value === null || !this.#path.isUsable) {
      throw this.failure ?? new SecretUnreadable('failed', 'which was not read')
    }
    return this.#value.reveal()
  }

  async replaced(generation: number): Promise<boolean> {
    if (generation === this.#generation) await this.#path.refreshAnew()
    return generation !== this.#generation
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Takes up what was read; its listeners hear of it by `tell`, when all fields of a path have been taken up. @returns whether it has changed */
  take({ fields }: SecretReading): boolean {
    const value = fields.get(this.#field)
    this.#unusable = value === undefined ? noField(this.#field) : this.#complaint(value)
    if (value === undefined || this.#unusable !== null) return false
    if (value.reveal() === this.#value?.reveal()) return false
    this.#value = value
    this.#generation += 1
    return true
  }

  tell(): void {
    for (const listener of this.#listeners) listener()
  }

  #complaint(value: Secret): SecretUnreadable | null {
    if (this.#rule.pattern.test(value.reveal())) return null
    return new SecretUnreadable('unusable', `with ${this.#rule.found} (allowed: ${this.#rule.allowed})`)
  }
}

function noField(field: string): SecretUnreadable {
  return new SecretUnreadable('missing', `which has no field ${JSON.stringify(field)}`)
}
