import { describe, expect, it } from 'vitest'
import { type Snapshot, SnapshotWriter } from '../../src/observation/index.ts'
import { MemoryJournal } from './memory-journal.ts'
import { NO_CONTEXTS, observationOf, serviceOver } from './observations.ts'

function writerOver(save: (snapshot: Snapshot) => Promise<void>) {
  const { service, learner, clock } = serviceOver(new MemoryJournal())
  const snapshots = { save, load: () => Promise.reject(new Error('a writer loads nothing')) }
  const writer = new SnapshotWriter({
    snapshots,
    observations: service,
    learner,
    contexts: NO_CONTEXTS,
    clock,
  })
  const learn = (id: string) => service.record(null, [observationOf(id)])
  return { writer, learn, clock }
}

describe('the snapshot writer', () => {
  it('saves what was learned with the sequence of the same moment', async () => {
    const saved: Snapshot[] = []
    const { writer, learn, clock } = writerOver(async snapshot => void saved.push(snapshot))
    await learn('a')
    await learn('b')
    expect(await writer.writeNow()).toBe(true)
    expect(saved).toEqual([{ appliedSequence: 2, takenAt: clock.now(), arms: { 'up/fast': 2 } }])
  })

  it('saves only when something was learned', async () => {
    const saved: Snapshot[] = []
    const { writer, learn } = writerOver(async snapshot => void saved.push(snapshot))
    expect(await writer.writeNow()).toBe(false)
    await learn('a')
    await writer.writeNow()
    expect(await writer.writeNow()).toBe(false)
    await learn('b')
    await writer.writeNow()
    expect(saved.map(snapshot => snapshot.appliedSequence)).toEqual([1, 2])
  })

  it('saves one at a time, the later one with what came meanwhile', async () => {
    const saved: number[] = []
    const gates: (() => void)[] = []
    const { writer, learn } = writerOver(snapshot => {
      saved.push(snapshot.appliedSequence)
      return new Promise(resolve => gates.push(resolve))
    })
    await learn('a')
    const first = writer.writeNow()
    const second = writer.writeNow()
    await learn('b')
    expect(saved).toEqual([1])
    gates.shift()?.()
    await first
    await learn('c')
    gates.shift()?.()
    expect(await second).toBe(true)
    expect(saved).toEqual([1, 2])
  })

  it('tries again after a save that failed', async () => {
    let away = true
    const saved: number[] = []
    const { writer, learn } = writerOver(async snapshot => {
      if (away) throw new Error('away')
      saved.push(snapshot.appliedSequence)
    })
    await learn('a')
    await expect(writer.writeNow()).rejects.toThrow('away')
    away = false
    expect(await writer.writeNow()).toBe(true)
    expect(saved).toEqual([1])
  })
})
