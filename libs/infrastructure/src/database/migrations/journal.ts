/** The migrations of the journal, in order. A released one is never changed. */
import * as initial from './journal-0001-initial.ts'

export const journalMigrations = { '0001-initial': initial }
