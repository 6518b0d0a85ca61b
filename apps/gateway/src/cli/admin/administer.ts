/** Runs one command over the admin API: finds the key, asks, prints a table or JSON, and says clearly what went wrong. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AdminClient } from './admin-client.ts'
import { AdminError } from './admin-error.ts'

export interface AdminOptions {
  readonly url: string
  readonly keyFile?: string
  readonly json: boolean
}

export interface Report {
  /** As the gateway said it. */
  readonly json: unknown
  /** For people. */
  readonly text: string
  /** Beside what is printed: for people only. */
  readonly note?: string
}

/** Sets the exit code to 1 where nothing came of it. */
export async function administer(
  options: AdminOptions,
  ask: (client: AdminClient) => Promise<Report>,
): Promise<void> {
  try {
    const { json, text, note } = await ask(new AdminClient(options.url, keyOf(options)))
    process.stdout.write(`${options.json ? JSON.stringify(json, null, 2) : printable(text)}\n`)
    if (note !== undefined && !options.json) process.stderr.write(`${printable(note)}\n`)
  } catch (error) {
    if (!(error instanceof AdminError)) throw error
    process.stderr.write(`${printable(error.message)}\n`)
    process.exitCode = 1
  }
}

/** @throws {AdminError} where there is no key to be found, or what is found is none */
function keyOf({ keyFile }: AdminOptions): string {
  const fromEnvironment = process.env.ATP_ADMIN_KEY
  const usual = join(process.env.ATP_DATA_DIR || 'data', 'admin-key')
  if (keyFile === undefined && fromEnvironment) return checked(fromEnvironment, 'ATP_ADMIN_KEY')
  if (keyFile === undefined && !existsSync(usual)) {
    throw new AdminError('no admin key: put it into ATP_ADMIN_KEY, or say with --key-file where it is')
  }
  const file = keyFile ?? usual
  return checked(textIn(file), file)
}

/** @throws {AdminError} where it cannot be read */
export function textIn(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new AdminError(`${file} cannot be read: ${(cause as NodeJS.ErrnoException).code}`, { cause })
  }
}

/** What is found is never shown. */
function checked(text: string, where: string): string {
  const key = text.trim()
  if (/^[\x21-\x7e]+$/.test(key)) return key
  throw new AdminError(`${where} holds no key`)
}

/** What somebody has named something must not steer a terminal. */
function printable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n]/gu, '\ufffd')
}
