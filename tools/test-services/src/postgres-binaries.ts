/** Finds the server that the machine has: on the PATH, or where Debian hides it. */
import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const DEBIAN_ROOT = '/usr/lib/postgresql'

export interface PostgresBinaries {
  readonly initdb: string
  readonly postgres: string
}

/** @returns null where no directory has both `initdb` and `postgres` */
export function findPostgres(path = process.env.PATH ?? ''): PostgresBinaries | null {
  for (const directory of [...path.split(delimiter), ...debianDirectories()]) {
    const found = { initdb: join(directory, 'initdb'), postgres: join(directory, 'postgres') }
    if (directory !== '' && existsSync(found.initdb) && existsSync(found.postgres)) return found
  }
  return null
}

/** Newest version first. */
function debianDirectories(): string[] {
  if (!existsSync(DEBIAN_ROOT)) return []
  return readdirSync(DEBIAN_ROOT)
    .sort((a, b) => Number.parseFloat(b) - Number.parseFloat(a))
    .map(version => join(DEBIAN_ROOT, version, 'bin'))
}
