import { Worker } from 'node:worker_threads'
import { describe, expect, it, vi } from 'vitest'
import { startAppending } from './appending-child.ts'
import { batch, decision, observation } from './records.ts'
import { openJournal, temporaryDirectory } from './stores.ts'

describe('the journal', () => {
  it('keeps everything that was acknowledged when the process is killed', async () => {
    const directory = temporaryDirectory()
    const child = startAppending(directory)
    await child.acknowledged(200)
    const acknowledged = await child.kill()
    const { journal } = await openJournal(directory)
    const rows = await journal.after(0, acknowledged + 100)
    expect(rows.length).toBeGreaterThanOrEqual(acknowledged)
    for (const { observation } of rows) {
      expect(await journal.find(observation.decisionId as never)).not.toBeNull()
    }
  })

  it('writes all of a batch or nothing', async () => {
    const { journal } = await openJournal()
    const kept = observation()
    await journal.append(batch([kept]))
    const bad = batch([observation(), observation({ latency: Number.POSITIVE_INFINITY })], [decision()])
    await expect(journal.append(bad)).rejects.toThrow(/latency must be a finite number, found Infinity/)
    await expect(journal.append(batch([observation({ tenant: undefined })]))).rejects.toThrow(/refused/)
    expect((await journal.after(0, 10)).map(row => row.observation)).toEqual([kept])
  })

  it.each([
    ['at', { at: 1.5 }],
    ['cost', { cost: 2 ** 53 }],
    ['usage.inputTokens', { usage: { inputTokens: 0.5, outputTokens: 1, estimated: false } }],
    ['quality', { quality: Number.NEGATIVE_INFINITY }],
  ])('refuses %s beyond what both databases hold', async (field, fields) => {
    const { journal } = await openJournal()
    await expect(journal.append(batch([observation(fields)]))).rejects.toThrow(`${field} must be`)
  })

  it('refuses one batch without harm to those committed with it', async () => {
    const { journal } = await openJournal()
    const [first, second] = [observation({ arm: 'new/one' }), observation({ arm: 'new/three' })]
    const results = await Promise.allSettled([
      journal.append(batch([first])),
      journal.append(batch([observation({ arm: 'new/two', at: Number.NaN })])),
      journal.append(batch([second, observation({ arm: 'new/two' })])),
    ])
    expect(results.map(result => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    const arms = (await journal.after(0, 10)).map(row => row.observation.arm)
    expect(arms).toEqual(['new/one', 'new/three', 'new/two'])
  })

  it('goes on where it was after a restart: names, sequence, rows', async () => {
    const directory = temporaryDirectory()
    const before = await openJournal(directory)
    const first = observation({ arm: 'a/first' })
    const sequence = await before.journal.append(batch([first], [decision()]))
    await before.close()
    const { journal } = await openJournal(directory)
    const second = observation({ arm: 'a/second' })
    expect(await journal.append(batch([second, observation({ arm: 'a/first' })]))).toBeGreaterThan(sequence)
    const arms = (await journal.after(0, 10)).map(row => row.observation.arm)
    expect(arms).toEqual(['a/first', 'a/second', 'a/first'])
  })

  it('waits on close for what is queued, and then takes nothing', async () => {
    const directory = temporaryDirectory()
    const { journal, close } = await openJournal(directory)
    const queued = Array.from({ length: 50 }, () => journal.append(batch([observation()])))
    await close()
    expect((await Promise.all(queued)).length).toBe(50)
    await expect(journal.append(batch([observation()]))).rejects.toMatchObject({ code: 'shutting_down' })
    expect(await (await openJournal(directory)).journal.after(0, 100)).toHaveLength(50)
  })

  it('rejects what waits, and what comes later, when its thread dies', async () => {
    const posted = vi.spyOn(Worker.prototype, 'postMessage')
    const { journal } = await openJournal()
    await journal.append(batch([observation()]))
    const thread = posted.mock.contexts[0] as Worker
    posted.mockRestore()
    const waiting = journal.append(batch(Array.from({ length: 20_000 }, () => observation())))
    const terminated = thread.terminate()
    await expect(waiting).rejects.toThrow(/the journal stopped/)
    await terminated
    await expect(journal.append(batch([observation()]))).rejects.toThrow(/the journal stopped/)
    await expect(journal.after(0, 1)).rejects.toThrow(/the journal stopped/)
    expect(journal.failure?.code).toBe('internal')
    expect(await journal.lost).toBe(journal.failure)
  })

  it('keeps its promises with durability power too', async () => {
    const directory = temporaryDirectory()
    const { journal, close } = await openJournal(directory, 'power')
    const rows = [observation(), observation()]
    await Promise.all(rows.map(row => journal.append(batch([row]))))
    await close()
    const again = await openJournal(directory, 'power')
    expect((await again.journal.after(0, 10)).map(row => row.observation)).toEqual(rows)
  })

  it('tells a listener of each commit that added rows', async () => {
    const { journal } = await openJournal()
    const listener = vi.fn()
    journal.onCommit(listener)
    const row = observation()
    await journal.append(batch([row]))
    expect(listener).toHaveBeenCalledTimes(1)
    await journal.append(batch([row]))
    expect(listener).toHaveBeenCalledTimes(1)
  })
})
