/**
 * A process that was alone and is followed by several leaves its journal in the directory that they have theirs in. It becomes the journal of
 * one of them, with the name that its rows go by, so that nothing in it is lost to the record, to learning or to the limits.
 */
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type DataDirectory, REPLICA_FILE } from './data-directory.ts'
import { JOURNAL_FILE } from './journal/protocol.ts'

/**
 * Complete, or not begun, wherever a crash comes between.
 * @param heirs names of directories, of which the first one without a journal is taken
 * @returns the directory that it went to; null where there was none
 */
export function handDownJournal(directory: DataDirectory, heirs: Iterable<string>): string | null {
  const journal = directory.file(JOURNAL_FILE)
  let heir: string | null = null
  if (existsSync(journal)) {
    heir = freeOf(directory, heirs)
    mkdirSync(heir, { recursive: true, mode: 0o700 })
    copyFileSync(directory.file(REPLICA_FILE), join(heir, REPLICA_FILE))
    // One file is moved at once; with a log beside it that would be two.
    withoutLog(journal)
    renameSync(journal, join(heir, JOURNAL_FILE))
  }
  // Whoever is alone here again has another name.
  rmSync(directory.file(REPLICA_FILE), { force: true })
  return heir
}

function freeOf(directory: DataDirectory, heirs: Iterable<string>): string {
  for (const name of heirs) {
    if (!existsSync(join(directory.file(name), JOURNAL_FILE))) return directory.file(name)
  }
  throw new Error('there is no directory to hand the journal down to')
}

function withoutLog(journal: string): void {
  const database = new DatabaseSync(journal)
  try {
    database.exec('pragma wal_checkpoint(truncate)')
    database.exec('pragma journal_mode = delete')
  } finally {
    database.close()
  }
}
