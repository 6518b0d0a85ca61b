/** Values that no log, error, snapshot or `inspect()` can show. Only `reveal()` gives them away. */
import { inspect } from 'node:util'
import { REDACTED } from './redaction.ts'

/**
 * A secret that may be replaced while it is in use. Ask for it at each use and keep nothing that was made of it for longer than its
 * `generation`: calls under way end with the value they began with.
 */
export interface LiveSecret {
  /** The value as it is known now. @throws {SecretUnreadable} where it has gone unread for longer than it may be used */
  reveal(): string
  /** Another number with each other value. */
  readonly generation: number
  /**
   * For whoever was refused with the value of that generation: asks the source, once for all who ask at a time.
   * @returns whether there is another value now; never rejects
   */
  replaced(generation: number): Promise<boolean>
  /** Tells of each other value. @returns what ends it */
  onChange(listener: () => void): () => void
  /** Never the value. */
  toString(): string
}

export abstract class Redacted {
  toString(): string {
    return REDACTED
  }

  toJSON(): string {
    return REDACTED
  }

  [inspect.custom](): string {
    return REDACTED
  }
}

/** One that is what it is. */
export class Secret extends Redacted implements LiveSecret {
  readonly #value: string

  constructor(value: string) {
    super()
    this.#value = value
  }

  reveal(): string {
    return this.#value
  }

  get generation(): number {
    return 0
  }

  async replaced(): Promise<boolean> {
    return false
  }

  onChange(): () => void {
    return () => undefined
  }
}
