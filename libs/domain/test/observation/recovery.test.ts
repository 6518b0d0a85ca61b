import { describe, expect, it } from 'vitest'
import { recover, type Snapshot } from '../../src/observation/index.ts'
import { MemoryJournal } from './memory-journal.ts'
import { NO_CONTEXTS, observationOf, RecordingLearner } from './observations.ts'

const SNAPSHOT: Snapshot = { appliedSequence: 2, takenAt: 0, arms: { 'up/fast': 1, 'up/good': 2 } }

async function recoverFrom(load: () => Promise<Snapshot | null>, ids: readonly string[], pageSize = 2) {
  const journal = new MemoryJournal()
  await journal.append({ decisions: [], observations: ids.map(observationOf) })
  const learner = new RecordingLearner()
  const warnings: string[] = []
  const recovery = await recover({
    snapshots: { load, save: () => Promise.reject(new Error('a recovery saves nothing')) },
    observations: journal,
    learner,
    contexts: NO_CONTEXTS,
    warn: message => warnings.push(message),
    pageSize,
  })
  return { recovery, learner, warnings }
}

describe('a recovery', () => {
  it('restores the snapshot and replays what came after it, in order', async () => {
    const { recovery, learner, warnings } = await recoverFrom(async () => SNAPSHOT, ['a', 'b', 'c', 'd', 'e'])
    expect(learner.restored).toEqual(SNAPSHOT.arms)
    expect(learner.seen).toEqual(['c', 'd', 'e'])
    expect(recovery).toEqual({ snapshot: SNAPSHOT, arms: 2, replayed: 3, skipped: 0, sequence: 5 })
    expect(warnings).toEqual([])
  })

  it('replays everything where there is no snapshot', async () => {
    const { recovery, learner } = await recoverFrom(async () => null, ['a', 'b', 'c', 'd'])
    expect(learner.restored).toBeNull()
    expect(learner.seen).toEqual(['a', 'b', 'c', 'd'])
    expect(recovery).toEqual({ snapshot: null, arms: 0, replayed: 4, skipped: 0, sequence: 4 })
  })

  it('starts from nothing in an empty database', async () => {
    const { recovery } = await recoverFrom(async () => null, [])
    expect(recovery).toEqual({ snapshot: null, arms: 0, replayed: 0, skipped: 0, sequence: 0 })
  })

  it('leaves out an observation that the learner cannot digest', async () => {
    const { recovery, learner, warnings } = await recoverFrom(async () => null, ['a', 'indigestible', 'c'])
    expect(learner.seen).toEqual(['a', 'c'])
    expect(recovery).toMatchObject({ replayed: 2, skipped: 1, sequence: 3 })
    expect(warnings).toEqual([expect.stringContaining('indigestible')])
  })

  const corrupt: readonly [what: string, load: () => Promise<Snapshot | null>][] = [
    ['cannot be read', () => Promise.reject(new SyntaxError('Unexpected token'))],
    ['has no place in the journal', async () => ({ ...SNAPSHOT, appliedSequence: Number.NaN })],
    ['has a negative place', async () => ({ ...SNAPSHOT, appliedSequence: -1 })],
    ['has no arms', async () => ({ ...SNAPSHOT, arms: null as unknown as Snapshot['arms'] })],
  ]
  it.each(corrupt)('learns again from the observations where the snapshot %s', async (_, load) => {
    const { recovery, learner, warnings } = await recoverFrom(load, ['a', 'b', 'c'])
    expect(learner.restored).toBeNull()
    expect(learner.seen).toEqual(['a', 'b', 'c'])
    expect(recovery.sequence).toBe(3)
    expect(warnings.length).toBe(1)
  })
})
