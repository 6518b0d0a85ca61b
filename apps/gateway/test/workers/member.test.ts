import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Member } from '../../src/workers/member.ts'
import type { WorkerCalls } from '../../src/workers/messages.ts'
import { type Batch, type Channel, Wire } from '../../src/workers/wire.ts'

const MINUTE_MS = 60_000

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

/** A worker without a process, whose start takes so long. */
function memberThatStartsIn(ms: number): Member {
  const listeners: ((batch: Batch) => void)[][] = [[], []]
  const channel = (own: number): Channel => ({
    send: batch => {
      for (const listener of listeners[1 - own] ?? []) listener(batch)
    },
    onBatch: listener => listeners[own]?.push(listener),
    onClosed: () => undefined,
  })
  const begin = async () => {
    await new Promise(resolve => setTimeout(resolve, ms))
    return { url: 'http://127.0.0.1:1', notes: [] }
  }
  new Wire(channel(1), { begin })
  const ended = Promise.withResolvers<{ code: null; signal: string }>()
  return new Member(1, {
    pid: 1,
    wire: new Wire<WorkerCalls>(channel(0), {}),
    ended: ended.promise,
    hangUp: () => undefined,
    kill: () => ended.resolve({ code: null, signal: 'SIGKILL' }),
  })
}

const JOB = { configuration: null, workers: 2, developmentKeysIn: null, readyFirst: false }

it('a member has the time that it takes to learn a long journal again, and no more for ever', async () => {
  const outcomes: unknown[] = []
  for (const minutes of [10, 60]) {
    memberThatStartsIn(minutes * MINUTE_MS)
      .begin('/data', JOB)
      .then(
        ({ url }) => outcomes.push(url),
        () => outcomes.push('killed'),
      )
  }
  await vi.advanceTimersByTimeAsync(60 * MINUTE_MS)
  expect(outcomes).toEqual(['http://127.0.0.1:1', 'killed'])
})
