/** What a request asks for and this kind of upstream has no words for: collected, so that the client learns of all of it at once. */
import type { FieldProblem } from '@atp/core/errors'
import { UpstreamError } from '@atp/domain/adapter'

export class Unsupported {
  readonly #problems: FieldProblem[] = []

  /** @param field where it is in the client's body, such as `messages[2].content[0].type` */
  add(field: string, found: string, allowed: string): void {
    this.#problems.push({ field, found, allowed })
  }

  /** @throws {UpstreamError} `unsupported`, where there is anything */
  throwIfAny(): void {
    if (this.#problems.length > 0) throw unsupported(this.#problems)
  }
}

export function unsupported(problems: readonly FieldProblem[], cause?: unknown): UpstreamError {
  const fields = [...new Set(problems.map(({ field }) => field))].join(', ')
  return new UpstreamError('unsupported', `it cannot be asked for ${fields}`, { problems, cause })
}

/** What a value is, without its text: that may be a prompt's. */
export function described(value: unknown): string {
  if (typeof value === 'string') return 'a text'
  if (Array.isArray(value)) return `a list of ${value.length}`
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}

/** A value that should be one of a few words. */
export function named(value: unknown): string {
  return typeof value === 'string' && /^[\w.-]{1,40}$/.test(value) ? JSON.stringify(value) : described(value)
}
