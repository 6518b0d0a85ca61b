/**
 * Finds and loads the addon built for this machine. A file that isn't what the build wrote is refused unopened: the
 * system's loader may kill the process over a truncated library instead of reporting it.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { type Addon, INTERFACE_VERSION } from './addon.ts'

/** @throws {Error} saying in one line why there is no usable addon in `directory` */
export function findAddon(directory: string): Addon {
  const candidates = platformNames().map(name => join(directory, `atp-napi.${name}.node`))
  const present = candidates.filter(path => existsSync(path))
  if (present.length === 0) {
    throw new Error(
      `the Rust addon is missing (${candidates.join(' or ')}; tools/build-native.mjs builds it)`,
    )
  }
  const reasons: string[] = []
  for (const path of present) {
    try {
      return load(path)
    } catch (error) {
      reasons.push(`${path}: ${firstLine(error)}`)
    }
  }
  throw new Error(`the Rust addon is broken (${reasons.join('; ')})`)
}

/** Linux has two C libraries; an addon for the other one fails to load and the next is tried. */
function platformNames(): readonly string[] {
  const base = `${process.platform}-${process.arch}`
  if (process.platform === 'linux') return [`${base}-gnu`, `${base}-musl`]
  return [process.platform === 'win32' ? `${base}-msvc` : base]
}

function load(path: string): Addon {
  const expected = readFileSync(`${path}.sha256`, 'utf8').trim()
  const found = createHash('sha256').update(readFileSync(path)).digest('hex')
  if (found !== expected) throw new Error('its content does not match its checksum')
  const addon: Partial<Addon> = createRequire(import.meta.url)(path)
  const version = addon.interfaceVersion?.()
  if (version === INTERFACE_VERSION) return addon as Addon
  throw new Error(
    `it has interface version ${version}, this package needs ${INTERFACE_VERSION}: build it again`,
  )
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.split('\n', 1)[0] as string
}
