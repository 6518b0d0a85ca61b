/** The write-ahead log goes back into the journal's file while commits go on, and after the last. */
import { copyFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it, vi } from 'vitest'
import { batch, observation } from './records.ts'
import { openJournal, temporaryDirectory } from './stores.ts'

const WAIT = { timeout: 30_000, interval: 50 }
const MIB = 1_048_576

it('what was committed is soon in the file itself, though nothing is committed after it', async () => {
  const directory = temporaryDirectory()
  const { journal } = await openJournal(directory)
  const last = observation()
  await journal.append(batch([observation(), last]))
  await vi.waitFor(() => expect(idsInFileAlone(directory)).toContain(last.id), WAIT)
})

it('the log begins anew under a steady load, and is gone after a stop', async () => {
  const directory = temporaryDirectory()
  const { journal, close } = await openJournal(directory)
  const log = join(directory, 'journal.sqlite-wal')
  const file = join(directory, 'journal.sqlite')
  let longest = 0
  while (statSync(file).size < 48 * MIB) {
    await journal.append(batch(Array.from({ length: 500 }, () => observation())))
    longest = Math.max(longest, statSync(log).size)
  }
  expect(longest).toBeLessThan(40 * MIB)
  await close()
  expect(statSync(log, { throwIfNoEntry: false })).toBeUndefined()
})

/** Without the log beside it. */
function idsInFileAlone(directory: string): unknown[] {
  const copy = join(temporaryDirectory(), 'copy.sqlite')
  copyFileSync(join(directory, 'journal.sqlite'), copy)
  const database = new DatabaseSync(copy)
  try {
    return database
      .prepare('select id from observations')
      .all()
      .map(row => row.id)
  } catch {
    // Copied while it was written, or before its tables were.
    return []
  } finally {
    database.close()
  }
}
