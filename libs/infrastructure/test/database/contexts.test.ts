/** A kill between a spill, a snapshot and the next commit: every judgement is in its context once. */
import { recover } from '@atp/domain/observation'
import { describe, expect, it } from 'vitest'
import type { SqliteJournal } from '../../src/database/index.ts'
import { startAppending } from './appending-child.ts'
import { learnedOver } from './learning.ts'
import { openJournal, temporaryDirectory } from './stores.ts'

/** Judgements that each task's context has learned from, after a start. */
async function learnedIn(journal: SqliteJournal): Promise<{ root: number; contexts: number[] }> {
  const learned = learnedOver(journal)
  const { contexts } = learned
  const sources = { snapshots: journal, observations: journal, learner: learned, contexts }
  await recover({ ...sources, warn: message => expect.fail(message), pageSize: 50 })
  const counts: number[] = []
  for (let task = 0; task < 5; task += 1) {
    const key = { tenant: 'default', task: `task ${task}` }
    contexts.find(key)
    // It is loaded behind.
    await journal.loadContext(key)
    counts.push(contexts.find(key)?.qualities[0] ?? 0)
  }
  const posterior = new Float64Array(2)
  learned.bandit.posteriors(0, posterior)
  return { root: (posterior[0] as number) - 1, contexts: counts }
}

describe('what contexts learned', () => {
  it.each([20, 61, 150, 400])('is all there, and once, after a kill (%i judgements)', async acknowledged => {
    const directory = temporaryDirectory()
    const child = startAppending(directory, 'learning-process')
    await child.acknowledged(acknowledged)
    await child.kill()
    const { journal } = await openJournal(directory)
    const rows = await journal.after(0, 100_000)
    const expected = [0, 1, 2, 3, 4].map(
      task => rows.filter(({ context }) => context.task === `task ${task}`).length,
    )
    expect(rows.length).toBeGreaterThanOrEqual(acknowledged)
    expect(await learnedIn(journal)).toEqual({ root: rows.length, contexts: expected })
    // Each start spills and loads anew.
    expect(await learnedIn(journal)).toEqual({ root: rows.length, contexts: expected })
    expect((await journal.load())?.appliedSequence).toBeGreaterThan(0)
  })
})
