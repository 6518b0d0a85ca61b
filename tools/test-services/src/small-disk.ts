/** A disk that can be filled: a file system in memory, of a few megabytes, where this machine lets us mount one. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface SmallDisk {
  readonly missing: null
  readonly path: string
  /** Takes whatever is left. */
  fill(): void
  /** Gives it back. */
  free(): void
  unmount(): void
}

export interface MissingDisk {
  /** Why there is none: for the name of the skipped test. */
  readonly missing: string
}

const FILLER = 'filler'
const SMALLEST_PIECE = 4_096

export function smallDisk(megabytes: number): SmallDisk | MissingDisk {
  const path = mkdtempSync(join(tmpdir(), 'atp-small-disk-'))
  try {
    const options = ['-t', 'tmpfs', '-o', `size=${megabytes}m`]
    execFileSync('mount', [...options, 'tmpfs', path], { stdio: 'pipe' })
  } catch {
    rmdirSync(path)
    return { missing: 'this user may not mount a file system' }
  }
  const filler = join(path, FILLER)
  return {
    missing: null,
    path,
    fill: () => fill(filler, megabytes * 1_048_576),
    free: () => rmSync(filler, { force: true }),
    unmount() {
      execFileSync('umount', ['--lazy', path], { stdio: 'pipe' })
      rmdirSync(path)
    },
  }
}

function fill(file: string, bytes: number): void {
  let piece = bytes
  while (piece >= SMALLEST_PIECE) {
    try {
      writeFileSync(file, Buffer.alloc(piece), { flag: 'a' })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      piece = Math.floor(piece / 2)
    }
  }
}
