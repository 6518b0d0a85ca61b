/** Secrets that this machine holds: in an environment variable, or in a file. */
import { readFileSync } from 'node:fs'
import { Secret } from '../secret.ts'
import { SecretUnreadable } from '../secret-source.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** An empty variable counts as unset. @throws {SecretUnreadable} */
export function secretOfEnvironment(name: string, env: Environment): Secret {
  const value = env[name]
  if (!value) throw new SecretUnreadable('missing', 'which is not set')
  return new Secret(value)
}

/** A trailing line break is not part of it. @throws {SecretUnreadable} */
export function secretOfFile(file: string): Secret {
  const value = contentOf(file).replace(/\r?\n$/, '')
  if (value === '') throw new SecretUnreadable('unusable', 'which is empty')
  return new Secret(value)
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // biome-ignore lint/style/useErrorCause: what a secret's error says goes no further than its message
    throw new SecretUnreadable(
      code === 'ENOENT' ? 'missing' : code === 'EACCES' ? 'forbidden' : 'unusable',
      `which cannot be read (${code})`,
    )
  }
}
