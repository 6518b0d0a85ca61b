/**
 * When the write-ahead log is copied back. A thread does it, and waits for the disk where the journal's own would hold up every
 * commit behind it; but only the one that writes finds the log copied to its end, from where it begins anew.
 */
import { once } from 'node:events'
import type { DatabaseSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import type { CheckpointReply, CheckpointRequest } from './checkpoint-thread.ts'

/** About a MiB of the log. */
const ROWS = 1_000
/** Pages of 4 KiB from which the log is to begin anew: what the thread has left of it is little. */
const LONG_LOG_PAGES = 2_048
/** Here SQLite does it all itself, within a commit: where the thread is gone, or slower than the commits. */
const LONGEST_LOG_PAGES = 8_192
/** What a long reader made of the log is given back. */
const LOG_BYTES = 8_388_608

/** The compiler rewrites import specifiers, not URLs: the thread's file is whatever this file is. */
const THREAD = new URL(
  `./checkpoint-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`,
  import.meta.url,
)

export class Checkpoints {
  readonly #database: DatabaseSync
  #thread: Worker | null
  #rows = 0
  #underWay = false

  /** @param database the only one that writes rows */
  constructor(database: DatabaseSync, file: string) {
    this.#database = database
    database.exec(`pragma wal_autocheckpoint = ${LONGEST_LOG_PAGES}`)
    database.exec(`pragma journal_size_limit = ${LOG_BYTES}`)
    this.#thread = new Worker(THREAD, { workerData: file, name: 'checkpoint' })
    this.#thread.on('message', (pages: CheckpointReply) => this.#copied(pages))
    // Without it SQLite sees to the log itself, if more slowly.
    this.#thread.on('error', () => this.#gone())
    this.#thread.on('exit', () => this.#gone())
  }

  /** After a commit of so many rows. */
  committed(rows: number): void {
    this.#rows += rows
    if (this.#rows >= ROWS) this.copy()
  }

  /** Starts to copy what is new in the log. */
  copy(): void {
    if (this.#thread === null || this.#underWay || this.#rows === 0) return
    this.#rows = 0
    this.#underWay = true
    this.#tell(this.#thread, 'checkpoint')
  }

  /** Copies all, and leaves no log behind. The thread's connection is closed then, the journal's is not. */
  async close(): Promise<void> {
    if (this.#thread !== null) {
      const ended = once(this.#thread, 'exit')
      this.#tell(this.#thread, 'close')
      await ended
    }
    try {
      this.#database.exec('pragma wal_checkpoint(truncate)')
    } catch {
      // On a full disk the log stays as it is: nothing in it is lost.
    }
  }

  #copied(pages: CheckpointReply): void {
    this.#underWay = false
    if (pages === null || pages < LONG_LOG_PAGES || !this.#database.isOpen) return
    try {
      this.#database.exec('pragma wal_checkpoint(passive)')
    } catch {
      // As above.
    }
  }

  #gone(): void {
    this.#thread = null
  }

  #tell(thread: Worker, request: CheckpointRequest): void {
    thread.postMessage(request)
  }
}
