/**
 * The directory that one process owns. The lock is the kernel's (SQLite's exclusive lock on a file of its own), so that it
 * goes with the process however that ends, and never goes stale; the pid file beside it only gives the holder a name.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { AtpError } from '@atp/core/errors'

const PID_FILE = 'gateway.pid'
export const REPLICA_FILE = 'replica-id'

export class DataDirectory {
  readonly path: string
  /** Names this directory's rows among those of other replicas; made once and kept. */
  readonly replica: string
  readonly #lock: DatabaseSync

  private constructor(path: string, replica: string, lock: DatabaseSync) {
    this.path = path
    this.replica = replica
    this.#lock = lock
  }

  /**
   * Creates the directory where there is none (mode 0700) and takes it.
   * @param newReplica makes the id of a directory that has none yet
   * @throws {AtpError} `start_failed` where another process has it, or it cannot be written
   */
  static open(directory: string, newReplica: () => string): DataDirectory {
    const path = resolve(directory)
    try {
      mkdirSync(path, { recursive: true, mode: 0o700 })
    } catch (error) {
      throw cannotUse(path, error)
    }
    const lock = acquire(path)
    try {
      writeFileSync(join(path, PID_FILE), `${process.pid}\n`, { mode: 0o600 })
      return new DataDirectory(path, keptReplica(path, newReplica), lock)
    } catch (error) {
      lock.close()
      throw cannotUse(path, error)
    }
  }

  /** The same, still held, where it was given another name. */
  movedTo(path: string): DataDirectory {
    return new DataDirectory(path, this.replica, this.#lock)
  }

  file(name: string): string {
    return join(this.path, name)
  }

  /** Lets another process have it; harmless when called again. */
  release(): void {
    if (this.#lock.isOpen) this.#lock.close()
  }
}

function acquire(path: string): DatabaseSync {
  let lock: DatabaseSync | null = null
  try {
    lock = new DatabaseSync(join(path, 'lock'), { timeout: 0 })
    lock.exec('begin exclusive')
    return lock
  } catch (error) {
    lock?.close()
    if (!/database is locked/.test((error as Error).message)) throw cannotUse(path, error)
    const holder = readPid(path)
    throw new AtpError('start_failed', {
      detail: `the data directory ${path} is in use by ${holder === null ? 'another process' : `process ${holder}`}: stop that process, or set data.dir to another directory`,
      context: { directory: path, pid: holder },
      cause: error,
    })
  }
}

function readPid(path: string): number | null {
  try {
    return Number.parseInt(readFileSync(join(path, PID_FILE), 'utf8'), 10) || null
  } catch {
    return null
  }
}

function keptReplica(path: string, newReplica: () => string): string {
  const file = join(path, REPLICA_FILE)
  try {
    const kept = readFileSync(file, 'utf8').trim()
    if (kept !== '') return kept
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const replica = newReplica()
  writeFileSync(file, `${replica}\n`, { mode: 0o600 })
  return replica
}

function cannotUse(path: string, cause: unknown): AtpError {
  return new AtpError('start_failed', {
    detail: `the data directory ${path} cannot be used: ${(cause as Error).message}`,
    cause,
  })
}
