/** Databases for tests, each removed at the end of the file that opened it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger, type Logger } from '@atp/core/logging'
import { onTestFinished } from 'vitest'
import { DataDirectory, type JournalLimits, SqliteJournal } from '../../src/database/index.ts'

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'atp-database-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

export interface OpenJournal {
  readonly journal: SqliteJournal
  /** Closes it in an orderly way; another may open the directory then. */
  close(): Promise<void>
}

export async function openJournal(
  path = temporaryDirectory(),
  durability: 'process' | 'power' = 'process',
  limits: Partial<JournalLimits> = {},
): Promise<OpenJournal> {
  const directory = DataDirectory.open(path, () => 'replica-of-the-test')
  const journal = await SqliteJournal.open({ directory, durability, limits })
  const close = async (): Promise<void> => {
    await journal.close()
    directory.release()
  }
  onTestFinished(close)
  return { journal, close }
}

/** A logger whose lines a test can read. */
export function recordingLog(): { log: Logger; messages(level: string): string[] } {
  const lines: { level: string; msg: string }[] = []
  const log = createLogger({
    level: 'info',
    destination: { write: (line: string) => void lines.push(JSON.parse(line)) },
  })
  return { log, messages: level => lines.filter(line => line.level === level).map(line => line.msg) }
}
