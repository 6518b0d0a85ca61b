/** Several processes follow one that was alone: its journal is one of theirs. */
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DataDirectory } from '../../src/database/data-directory.ts'
import { handDownJournal } from '../../src/database/hand-down.ts'
import { startAppending } from './appending-child.ts'
import { batch, observation } from './records.ts'
import { openJournal, temporaryDirectory } from './stores.ts'

const HEIRS = ['worker-1', 'worker-2']

/** As the primary of several takes it. */
function handDown(dataDir: string): string | null {
  const directory = DataDirectory.open(dataDir, () => 'another')
  try {
    return handDownJournal(directory, HEIRS)
  } finally {
    directory.release()
  }
}

const replicaOf = (dataDir: string): string => readFileSync(join(dataDir, 'replica-id'), 'utf8').trim()

describe('the journal of a process that was alone', () => {
  it('is handed down with all its rows and the name that they go by, once', async () => {
    const dataDir = temporaryDirectory()
    const before = await openJournal(dataDir)
    const rows = [observation(), observation()]
    await before.journal.append(batch(rows))
    await before.close()
    const replica = replicaOf(dataDir)
    expect(handDown(dataDir)).toBe(join(dataDir, 'worker-1'))
    expect(handDown(dataDir)).toBe(null)
    expect(replicaOf(join(dataDir, 'worker-1'))).toBe(replica)
    expect(existsSync(join(dataDir, 'replica-id'))).toBe(false)
    const after = await openJournal(join(dataDir, 'worker-1'))
    const found = await after.journal.after(0, 10)
    expect(found.map(({ observation: { id } }) => id)).toEqual(rows.map(({ id }) => id))
    await after.close()
  })

  it('is handed down whole where that process was killed, its last rows in the log beside it', async () => {
    const dataDir = temporaryDirectory()
    const child = startAppending(dataDir)
    await child.acknowledged(50)
    const acknowledged = await child.kill()
    expect(existsSync(join(dataDir, 'journal.sqlite-wal'))).toBe(true)
    handDown(dataDir)
    const after = await openJournal(join(dataDir, 'worker-1'))
    expect((await after.journal.after(0, 1_000_000)).length).toBeGreaterThanOrEqual(acknowledged)
    await after.close()
  })

  it('goes to the first directory without one: no other journal is written over', async () => {
    const dataDir = temporaryDirectory()
    await (await openJournal(join(dataDir, 'worker-1'))).close()
    await (await openJournal(dataDir)).close()
    expect(handDown(dataDir)).toBe(join(dataDir, 'worker-2'))
  })

  it('is handed down once more where that was interrupted: no two directories go by its name', async () => {
    const dataDir = temporaryDirectory()
    await (await openJournal(dataDir)).close()
    mkdirSync(join(dataDir, 'worker-1'))
    copyFileSync(join(dataDir, 'replica-id'), join(dataDir, 'worker-1/replica-id'))
    expect(handDown(dataDir)).toBe(join(dataDir, 'worker-1'))
    expect(existsSync(join(dataDir, 'worker-2'))).toBe(false)
  })
})
