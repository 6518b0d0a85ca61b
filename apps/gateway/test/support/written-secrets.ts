/**
 * Looks for secrets wherever a gateway writes: its output, and the files of its data directory. Every gateway that a test starts is looked
 * through when it ends, at the log level that says most.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** By its name a variable holds a secret, and by its value not just where one is. */
export function secretsIn(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env)
    .filter(([name, value]) => SECRET_NAME.test(name) && !REFERENCE.test(value) && value.length >= SHORTEST)
    .map(([, value]) => value)
}

/** @throws {Error} naming the place, and never the secret */
export function expectNoSecretWritten(secrets: readonly string[], output: string, directory: string): void {
  if (secrets.length === 0) return
  const holds = (bytes: Buffer): boolean => secrets.some(secret => bytes.includes(secret))
  if (holds(Buffer.from(output))) throw new Error('a secret is in what the gateway printed')
  for (const file of filesIn(directory)) {
    if (holds(bytesOf(file))) throw new Error(`a secret is in ${file}`)
  }
}

const SECRET_NAME = /KEY|TOKEN|PASSWORD|SECRET/i
const REFERENCE = /^(?:env|file|vault|secret):/
/** What is shorter is found everywhere. */
const SHORTEST = 12
/** Kept for whoever develops with the gateway, where it was asked for. */
const KEPT_KEYS = ['dev-key', 'admin-key']

/** Of workers that are still ending, files go. */
function bytesOf(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch {
    return Buffer.alloc(0)
  }
}

function filesIn(directory: string): string[] {
  try {
    return readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile() && !KEPT_KEYS.includes(entry.name))
      .map(({ parentPath, name }) => join(parentPath, name))
  } catch {
    // A test has thrown it away, or there never was one.
    return []
  }
}
