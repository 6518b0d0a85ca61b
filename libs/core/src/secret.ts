/** A value that no log, error, snapshot or `inspect()` can show. Only `reveal()` gives it away. */
import { inspect } from 'node:util'
import { REDACTED } from './redaction.ts'

export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  reveal(): string {
    return this.#value
  }

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
