/** The answer to what no chat completion can say: a 400 that names it. */
import { AtpError } from '@atp/core/errors'

export function untranslatable(field: string, found: string, allowed: string): AtpError {
  return new AtpError('invalid_request', {
    detail: 'this cannot be asked of every model',
    problems: [{ field, found, allowed }],
  })
}

/** @throws {AtpError} naming a field of `block` that is none of `known` */
export function requireOnly(block: object, known: readonly string[], at: string): void {
  for (const [name, value] of Object.entries(block)) {
    if (value == null || known.includes(name)) continue
    throw untranslatable(`${at}.${name}`, kindOf(value), `only ${known.join(', ')}`)
  }
}

export function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'string') return 'a text'
  return Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`
}
