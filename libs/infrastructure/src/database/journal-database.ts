/** The journal as the database. */

import type { DataDirectory } from './data-directory.ts'
import type { Database, DatabaseReadiness, JournalFigures } from './database.ts'
import type { SqliteJournal } from './journal/sqlite-journal.ts'

export function journalDatabase(directory: DataDirectory, journal: SqliteJournal): Database {
  return {
    journal,
    decisions: journal,
    observations: journal,
    snapshots: journal,
    contexts: journal,
    tenants: journal.tenants,
    prices: journal.prices,
    isShared: false,
    replica: directory.replica,
    refusal: () => journal.refusal,
    confirmed: () => null,
    start: () => undefined,
    async stop() {
      await journal.close()
      directory.release()
    },
    readiness: () => journalReadiness(journal),
    lost: journal.lost,
    pings: { journal: () => journal.answers(), postgres: null },
    figures: () => figuresOf(journal),
    drainStatus: () => null,
  }
}

export function journalReadiness({ refusal }: SqliteJournal): DatabaseReadiness {
  return refusal === null ? { state: 'ready', reason: null } : { state: 'failed', reason: refusal.message }
}

export function figuresOf({ condition }: SqliteJournal): JournalFigures {
  const { bytes, dropped, letters } = condition
  return { bytes, dropped, deadLetters: letters.all }
}
