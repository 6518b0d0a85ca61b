/**
 * Whether the journal may take more. New work is refused while some room is left, so that answers under way, which are paid for,
 * are still recorded. A write that failed for want of room closes the door until one succeeds again.
 */
import { statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { JournalLimits } from './protocol.ts'

const SQLITE_IOERR = 10
const SQLITE_FULL = 13

export class JournalRoom {
  readonly #database: DatabaseSync
  readonly #file: string
  readonly #limits: JournalLimits
  readonly #pages: StatementSync
  readonly #pageBytes: number
  #bytes = 0
  #freeBytes = Number.POSITIVE_INFINITY
  /** Why the last write failed; null once one has succeeded. */
  #failing: string | null = null
  #stuck = false
  /** Why nobody knows how much room there is; null where it is known. */
  #unseen: string | null = null

  constructor(database: DatabaseSync, file: string, limits: JournalLimits) {
    this.#database = database
    this.#file = file
    this.#limits = limits
    this.#pages = database.prepare(
      'select page_count as pages, freelist_count as unused from pragma_page_count, pragma_freelist_count',
    )
    this.#pageBytes = database.prepare('pragma page_size').get()?.page_size as number
    this.measure()
  }

  /** Bytes in use. The space of rows that are gone is used again, and is none of them. */
  get bytes(): number {
    return this.#bytes
  }

  get exceedsLimit(): boolean {
    return this.#bytes >= this.#limits.limitBytes
  }

  /** Why no new work may begin; null while there is room. */
  get refusal(): string | null {
    if (this.#failing !== null) return `nothing can be written: ${this.#failing}`
    if (this.#unseen !== null) return `its disk cannot be looked at: ${this.#unseen}`
    if (this.#freeBytes < this.#limits.reserveBytes) {
      return `the disk has ${this.#freeBytes} bytes left, and ${this.#limits.reserveBytes} are kept for answers under way`
    }
    if (!this.exceedsLimit || !(this.#limits.whenFull === 'refuse' || this.#stuck)) return null
    return `it has reached ${this.#limits.limitBytes} bytes (data.journal_limit_bytes)`
  }

  /** Never throws: what cannot be looked at takes nothing new. */
  measure(): void {
    try {
      const { pages, unused } = this.#pages.get() as { pages: number; unused: number }
      this.#bytes = (pages - unused) * this.#pageBytes
      const { bavail, bsize } = statfsSync(dirname(this.#file))
      // What is in the log alone will take its room in the file as well.
      const uncopied = Math.max(0, pages * this.#pageBytes - statSync(this.#file).size)
      this.#freeBytes = bavail * bsize - uncopied
      this.#unseen = null
    } catch (error) {
      // Not its message, which names the directory: whoever is refused is told.
      this.#unseen = (error as NodeJS.ErrnoException).code ?? 'an error'
    }
  }

  /** Nothing can be dropped now: until something can, the limit refuses. */
  dropped(rows: number): void {
    this.#stuck = rows === 0
  }

  succeeded(): void {
    this.#failing = null
  }

  /** @returns whether it was for want of room, or of a disk that works */
  failed(error: Error): boolean {
    const { errcode } = error as { readonly errcode?: number }
    const code = (errcode ?? 0) & 0xff
    if (code !== SQLITE_FULL && code !== SQLITE_IOERR) return false
    this.#failing = error.message
    return true
  }

  /** Looks whether what was in the way is gone, since nobody writes while the door is closed. */
  probe(): void {
    this.measure()
    if (this.#failing === null || this.#freeBytes < this.#limits.reserveBytes) return
    try {
      this.#database.exec('update spool set drained_through = drained_through')
      this.#failing = null
    } catch (error) {
      this.failed(error as Error)
    }
  }
}
