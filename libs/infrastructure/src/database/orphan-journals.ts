/**
 * Journals that nobody writes to any more, in directories inside a data directory: of workers that are fewer than before. Their rows
 * move on to Postgres, and what is empty then goes. What their last moment taught is in the other replicas' sum, or lost to learning;
 * no row is.
 */
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Clock } from '@atp/core/clock'
import { newId } from '@atp/core/ids'
import type { Logger } from '@atp/core/logging'
import type { Random } from '@atp/core/random'
import type { LiveSecret } from '@atp/core/secret'
import { systemTimers, within } from '@atp/core/timers'
import { DataDirectory } from './data-directory.ts'
import { LAST_SEQUENCES } from './journal/journal-sql.ts'
import { JOURNAL_FILE } from './journal/protocol.ts'
import { SqliteJournal } from './journal/sqlite-journal.ts'
import { PostgresDatabase } from './postgres/postgres-database.ts'
import { PostgresDrain } from './postgres/postgres-drain.ts'

export interface OrphanJournalsOptions {
  /** In which others may lie; its own journal is none of them. */
  readonly dataDir: string
  readonly databaseUrl: LiveSecret
  readonly log: Logger
  readonly clock: Clock
  readonly random: Random
}

export class OrphanJournals {
  readonly #options: OrphanJournalsOptions
  readonly #stop = new AbortController()
  readonly #adopting = new Set<Promise<void>>()

  constructor(options: OrphanJournalsOptions) {
    this.#options = options
  }

  /**
   * Looks now, and again at each call; waits for Postgres as long as it takes. Directories that a process holds are left alone.
   * @param which `waiting`: those alone that hold rows; whoever follows in another goes on by its name
   */
  start(which: 'all' | 'waiting' = 'all'): void {
    if (this.#stop.signal.aborted) return
    const adopting = this.#adoptAll(which).catch(error => {
      this.#options.log.error({ err: error }, 'orphan journals were not adopted')
    })
    this.#adopting.add(adopting)
    void adopting.then(() => this.#adopting.delete(adopting))
  }

  /** What is left waits for the next start. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#adopting)
  }

  /** All at the same time: one with a row that Postgres refuses waits for a person. */
  async #adoptAll(which: 'all' | 'waiting'): Promise<void> {
    const directories = this.#orphans(which)
    if (directories.length === 0) return
    const target = new PostgresDatabase({ url: this.#options.databaseUrl, replica: '' })
    await Promise.all(directories.map(directory => this.#adoptOrLeave(directory, target)))
    await within(systemTimers, PATIENCE_MS, target.close())
  }

  async #adoptOrLeave(directory: DataDirectory, target: PostgresDatabase): Promise<void> {
    try {
      await this.#adopt(directory, target)
    } catch (error) {
      const { path } = directory
      this.#options.log.error({ err: error, directory: path }, 'an orphan journal was not adopted')
    } finally {
      directory.release()
    }
  }

  /** Each taken, and under another name: a worker of its number may begin anew at once. */
  #orphans(which: 'all' | 'waiting'): DataDirectory[] {
    const { dataDir, clock, random } = this.#options
    return readdirSync(dataDir, { withFileTypes: true })
      .filter(entry => entry.isDirectory() && existsSync(join(dataDir, entry.name, JOURNAL_FILE)))
      .flatMap(({ name }) => {
        const path = join(dataDir, name)
        const held = taken(path)
        if (held === null) return []
        if (which === 'waiting' && !holdsRows(held)) {
          held.release()
          return []
        }
        const id = newId<string>(clock, random)
        const orphan = name.startsWith(ORPHAN) ? path : join(dataDir, `${ORPHAN}${id}`)
        if (orphan !== path) renameSync(path, orphan)
        return [held.movedTo(orphan)]
      })
  }

  async #adopt(directory: DataDirectory, target: PostgresDatabase): Promise<void> {
    const { log, clock, random } = this.#options
    if (this.#stop.signal.aborted) return
    const source = await SqliteJournal.open({ directory, durability: 'process' })
    const rows = source.position.last - source.position.drained
    const done = Promise.withResolvers<void>()
    const isEmpty = () =>
      source.position.drained >= source.position.last && source.condition.letters.all === 0
    const look = () => {
      if (isEmpty()) done.resolve()
    }
    const drain = new PostgresDrain({ source, target, log, clock, random, onProgress: look })
    source.onCommit(() => drain.notify())
    this.#stop.signal.addEventListener('abort', () => done.resolve(), { once: true })
    drain.start()
    look()
    await done.promise
    await within(systemTimers, PATIENCE_MS, drain.stop())
    const empty = isEmpty()
    await source.close()
    if (!empty) return
    rmSync(directory.path, { recursive: true, force: true })
    log.info({ rows }, 'the rows of an orphan journal have moved on to Postgres')
  }
}

const ORPHAN = 'orphan-'
/** A Postgres that hangs holds up no stop, in milliseconds: what it may have taken is sent again at the next start. */
const PATIENCE_MS = 1_000

/** @returns null where a process has it */
function taken(path: string): DataDirectory | null {
  try {
    return DataDirectory.open(path, () => ORPHAN)
  } catch {
    return null
  }
}

function holdsRows(directory: DataDirectory): boolean {
  const database = new DatabaseSync(directory.file(JOURNAL_FILE))
  try {
    return database.prepare(HOLDS_ROWS).get()?.holds === 1
  } catch {
    // Whoever adopts it says what is wrong.
    return true
  } finally {
    database.close()
  }
}

const HOLDS_ROWS = `select (select last > drained_through from (${LAST_SEQUENCES}), spool)
  or exists (select 1 from dead_letters) as holds`
