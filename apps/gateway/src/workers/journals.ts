/** The data directory that all workers have their journals in. It is held by their primary, so that a second gateway is refused by name. */
import type { Clock } from '@atp/core/clock'
import type { Config } from '@atp/core/config'
import { newId } from '@atp/core/ids'
import type { Logger } from '@atp/core/logging'
import type { Random } from '@atp/core/random'
import type { LiveSecret } from '@atp/core/secret'
import { DataDirectory, handDownJournal, OrphanJournals } from '@atp/infrastructure/database'

export interface JournalsOptions {
  readonly config: Config
  /** Null: the journals are the database. */
  readonly databaseUrl: LiveSecret | null
  readonly log: Logger
  readonly clock: Clock
  readonly random: Random
}

/** The directory of the worker of this number. */
export function workerDirectory(number: number): string {
  return `worker-${number}`
}

export class Journals {
  readonly #directory: DataDirectory
  readonly #orphans: OrphanJournals | null
  #hasAdopted = false

  /** Before any worker: a process that was alone here left them its journal. @throws {AtpError} `start_failed` where another process has it */
  constructor({ config, databaseUrl, log, clock, random }: JournalsOptions) {
    this.#directory = DataDirectory.open(config.data.dir, () => newId(clock, random))
    const heir = handDownJournal(this.#directory, workerDirectories())
    if (heir !== null)
      log.info({ directory: heir }, 'the journal of the process before is that of a worker now')
    this.#orphans =
      databaseUrl === null
        ? null
        : new OrphanJournals({ dataDir: this.#directory.path, databaseUrl, log, clock, random })
  }

  /** While all workers have theirs: those that are left are nobody's now. The first time all go; later those that hold rows. */
  adopt(): void {
    this.#orphans?.start(this.#hasAdopted ? 'waiting' : 'all')
    this.#hasAdopted = true
  }

  async release(): Promise<void> {
    await this.#orphans?.stop()
    this.#directory.release()
  }
}

function* workerDirectories(): Iterable<string> {
  for (let number = 1; ; number += 1) yield workerDirectory(number)
}
