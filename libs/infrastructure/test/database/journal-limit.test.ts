/** A journal has room for so much: what gives way at its limit, and that its space is used again. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import type { SqliteJournal } from '../../src/database/index.ts'
import { batch, decision, observation } from './records.ts'
import { openJournal, temporaryDirectory } from './stores.ts'

const LIMIT = 1_048_576
const WAIT = { timeout: 30_000, interval: 20 }

describe('at its limit a journal that refuses', () => {
  it('closes the door, takes what is under way, and opens again when its rows have gone', async () => {
    const { journal } = await openJournal(undefined, 'process', { limitBytes: LIMIT })
    await fillUp(journal)
    expect(journal.refusal).toMatchObject({
      code: 'storage_unavailable',
      message: `the journal takes nothing now: it has reached ${LIMIT} bytes (data.journal_limit_bytes)`,
    })
    const underWay = observation()
    const last = await journal.append(batch([underWay]))
    expect(await journal.known([underWay.id])).toEqual(new Set([underWay.id]))
    await journal.drained(last)
    await journal.save({ appliedSequence: last, takenAt: 1, arms: {} })
    while ((await journal.trim(1_000)) > 0);
    expect(journal.refusal).toBeNull()
    expect(journal.condition.dropped).toBe(0)
  })

  it('uses the space of rows that have gone again: its file stays as large as its limit', async () => {
    const path = temporaryDirectory()
    const { journal } = await openJournal(path, 'process', { limitBytes: LIMIT })
    for (let times = 0; times < 4; times++) {
      const last = await fillUp(journal)
      await journal.drained(last)
      await journal.save({ appliedSequence: last, takenAt: 1, arms: {} })
      while ((await journal.trim(1_000)) > 0);
    }
    expect(statSync(join(path, 'journal.sqlite')).size).toBeLessThan(1.5 * LIMIT)
  })
})

describe('at its limit a journal that drops the oldest', () => {
  it('keeps the youngest rows, stays open, and counts what Postgres never had', async () => {
    const { journal } = await openJournal(undefined, 'process', {
      limitBytes: LIMIT,
      whenFull: 'drop-oldest',
    })
    const sent: string[] = []
    for (let times = 0; times < 80; times++) {
      const rows = Array.from({ length: 100 }, () => observation())
      const last = await journal.append(batch(rows))
      sent.push(...rows.map(({ id }) => id))
      await journal.save({ appliedSequence: last, takenAt: 1, arms: {} })
      expect(journal.refusal).toBeNull()
    }
    const kept = (await journal.after(0, sent.length)).map(row => row.observation.id as string)
    expect(kept).toEqual(sent.slice(-kept.length))
    expect(kept.length).toBeGreaterThan(1_000)
    expect(journal.condition.dropped).toBe(sent.length - kept.length)
    // What went is no lag: it never comes.
    expect(journal.position.last - journal.position.drained).toBe(kept.length)
    expect(journal.condition.bytes).toBeLessThan(1.5 * LIMIT)
  })

  it('drops nothing that a replay would need: without a snapshot it refuses, with one it goes on', async () => {
    const { journal } = await openJournal(undefined, 'process', {
      limitBytes: LIMIT,
      whenFull: 'drop-oldest',
    })
    const last = await fillUp(journal)
    expect(journal.condition.dropped).toBe(0)
    await journal.save({ appliedSequence: last, takenAt: 1, arms: {} })
    await vi.waitFor(() => expect(journal.refusal).toBeNull(), WAIT)
    expect(journal.condition.dropped).toBeGreaterThan(0)
  })

  it('does not count rows that are in Postgres', async () => {
    const { journal } = await openJournal(undefined, 'process', {
      limitBytes: LIMIT,
      whenFull: 'drop-oldest',
    })
    const last = await fillUp(journal)
    await journal.drained(last)
    await journal.save({ appliedSequence: last, takenAt: 1, arms: {} })
    await vi.waitFor(() => expect(journal.refusal).toBeNull(), WAIT)
    expect(journal.condition.dropped).toBe(0)
  })
})

/** @returns the sequence of its last observation */
async function fillUp(journal: SqliteJournal): Promise<number> {
  while (journal.refusal === null) {
    const decisions = Array.from({ length: 50 }, () => decision())
    const rows = decisions.map(({ id }) => observation({ decisionId: id }))
    const last = await journal.append(batch(rows, decisions))
    // A journal that drops does so between two groups.
    if (last > 100_000) throw new Error('the journal never got full')
  }
  return journal.position.last
}
