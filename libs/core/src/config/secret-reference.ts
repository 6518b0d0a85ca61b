/** Configuration says where a secret is, not what it is: `env:NAME` or `file:/path`. */
import { readFileSync } from 'node:fs'
import { AtpError } from '../errors.ts'
import { Secret } from '../secret.ts'

export const SECRET_REFERENCE_PATTERN = '^(?:env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$'

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * The secret that a reference leads to. A file's trailing line break is not part of it.
 * @param field the configuration key that holds the reference, for the error
 * @throws AtpError `invalid_config`, naming field and reference, where nothing is there; a literal is not repeated
 */
export function resolveSecretReference(reference: string, env: Environment, field: string): Secret {
  const [, kind, place = ''] = /^(env|file):(.+)$/s.exec(reference) ?? []
  if (kind === 'env') return required(env[place], field, reference, 'which is not set')
  if (kind === 'file') return required(contentOf(place, field), field, reference, 'which is empty')
  throw unresolved(field, 'something else, not shown because it may be a secret')
}

function contentOf(file: string, field: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw unresolved(field, `file:${file}, which cannot be read (${code})`)
  }
}

function required(value: string | undefined, field: string, reference: string, complaint: string): Secret {
  if (!value) throw unresolved(field, `${reference}, ${complaint}`)
  return new Secret(value)
}

function unresolved(field: string, found: string): AtpError {
  const allowed = 'env:NAME of a variable that is set, or file:/path of a file that can be read'
  return new AtpError('invalid_config', {
    detail: `The secret of ${field} cannot be found.`,
    problems: [{ field, found, allowed }],
  })
}
