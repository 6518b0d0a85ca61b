import { ManualClock } from '@atp/core/clock'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Member } from '../../src/workers/member.ts'
import { Seat, type SeatJob } from '../../src/workers/seat.ts'

const job = (marker: string): SeatJob => ({
  configuration: { file: marker, text: '' },
  workers: 2,
  developmentKeysIn: null,
})

/** A worker without a process. */
interface FakeWorker {
  readonly serves: string | undefined
  readonly readyFirst: boolean
  readonly retired: boolean
  /** It ends by itself. */
  end(): void
}

function setUp() {
  const clock = new ManualClock()
  const started: (FakeWorker & { retired: boolean })[] = []
  const hopeless: string[] = []
  /** What stands in the way of the next starts, first things first: an error, or a wait. */
  const obstacles: (Error | Promise<void>)[] = []
  const members = new Map<Member, FakeWorker & { retired: boolean }>()
  const crew = {
    async enlist(asked: {
      readonly configuration: { readonly file: string } | null
      readonly readyFirst: boolean
    }) {
      const obstacle = obstacles.shift()
      if (obstacle instanceof Error) throw obstacle
      const { promise: ended, resolve } = Promise.withResolvers<{ code: null; signal: string }>()
      const worker = {
        serves: asked.configuration?.file,
        readyFirst: asked.readyFirst,
        retired: false,
        end: () => resolve({ code: null, signal: 'SIGKILL' }),
      }
      started.push(worker)
      await obstacle
      const member = { number: started.length, pid: started.length, ended } as unknown as Member
      members.set(member, worker)
      return { member, begun: { url: `http://127.0.0.1:${started.length}`, notes: [] } }
    },
    async retire(member: Member) {
      const worker = members.get(member)
      if (worker !== undefined) worker.retired = true
      return { unfinished: [], figures: null }
    },
  }
  let lost = 0
  const seat = new Seat({
    crew,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    now: () => clock.monotonic(),
    stopPatienceMs: () => 1_000,
    onChange: () => undefined,
    onLost: () => {
      lost += 1
    },
    onHopeless: reason => hopeless.push(reason),
  })
  return { seat, started, obstacles, hopeless, clock, lost: () => lost }
}

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

const passTime = () => vi.advanceTimersByTimeAsync(60_000)

describe('a seat', () => {
  it('is refilled when its worker ends by itself, for the same job', async () => {
    const { seat, started, lost } = setUp()
    await seat.fill(job('a'))
    started[0]?.end()
    await vi.advanceTimersByTimeAsync(0)
    expect([seat.isTaken, lost()]).toEqual([false, 1])
    await passTime()
    expect(seat.isTaken).toBe(true)
    expect(started.map(({ serves, readyFirst }) => [serves, readyFirst])).toEqual([
      ['a', false],
      ['a', false],
    ])
  })

  it('has its worker retire once its successor serves, not before', async () => {
    const { seat, started, obstacles } = setUp()
    await seat.fill(job('a'))
    const { promise, resolve } = Promise.withResolvers<void>()
    obstacles.push(promise)
    const filled = seat.fill(job('b'))
    await passTime()
    expect(started.map(({ retired }) => retired)).toEqual([false, false])
    resolve()
    await filled
    expect(started.map(({ serves, readyFirst, retired }) => [serves, readyFirst, retired])).toEqual([
      ['a', false, true],
      ['b', true, false],
    ])
    started[0]?.end()
    await passTime()
    expect(started).toHaveLength(2)
  })

  it('keeps its worker where the successor does not start, and refills for the job before', async () => {
    const { seat, started, obstacles } = setUp()
    await seat.fill(job('a'))
    obstacles.push(new Error('bad'))
    await expect(seat.fill(job('b'))).rejects.toThrow('bad')
    expect(started.map(({ retired }) => retired)).toEqual([false])
    started[0]?.end()
    await passTime()
    expect(started.map(({ serves }) => serves)).toEqual(['a', 'a'])
  })

  it('goes to the successor alone where its worker ends by itself meanwhile', async () => {
    const { seat, started, obstacles } = setUp()
    await seat.fill(job('a'))
    const { promise, resolve } = Promise.withResolvers<void>()
    obstacles.push(promise)
    const filled = seat.fill(job('b'))
    started[0]?.end()
    await passTime()
    resolve()
    await filled
    await passTime()
    expect(started.map(({ serves }) => serves)).toEqual(['a', 'b'])
    expect(seat.isTaken).toBe(true)
  })

  it('is refilled for the job before where its worker ends by itself, and then its successor does not start', async () => {
    const { seat, started, obstacles } = setUp()
    await seat.fill(job('a'))
    const { promise, reject } = Promise.withResolvers<void>()
    obstacles.push(promise)
    const filled = seat.fill(job('b'))
    filled.catch(() => undefined)
    started[0]?.end()
    await passTime()
    reject(new Error('bad'))
    await expect(filled).rejects.toThrow('bad')
    await passTime()
    expect(started.map(({ serves }) => serves)).toEqual(['a', 'b', 'a'])
  })

  it('takes the worker that was asked for last where two are asked for', async () => {
    const { seat, started, obstacles } = setUp()
    await seat.fill(job('a'))
    const { promise, resolve } = Promise.withResolvers<void>()
    obstacles.push(promise)
    const first = seat.fill(job('b'))
    first.catch(() => undefined)
    await seat.fill(job('c'))
    resolve()
    await expect(first).rejects.toThrow('not wanted any more')
    expect(started.map(({ serves, retired }) => [serves, retired])).toEqual([
      ['a', true],
      ['b', true],
      ['c', false],
    ])
  })

  it('is given up when five workers in a row end at once, each waiting twice as long as the one before', async () => {
    const { seat, started, hopeless } = setUp()
    await seat.fill(job('a'))
    const waits: number[] = []
    for (let time = 0; time < 5; time++) {
      started.at(-1)?.end()
      const before = started.length
      let waited = 0
      for (; started.length === before && waited < 5_000; waited += 100)
        await vi.advanceTimersByTimeAsync(100)
      waits.push(waited)
    }
    expect(waits.slice(0, 4)).toEqual([200, 400, 800, 1_600])
    expect(started).toHaveLength(5)
    expect(hopeless).toEqual(['a worker ended 5 times in a row, each time soon after its start'])
  })

  it('is not given up where workers serve for a while', async () => {
    const { seat, started, hopeless, clock } = setUp()
    await seat.fill(job('a'))
    for (let time = 0; time < 8; time++) {
      clock.advance(30_000)
      started.at(-1)?.end()
      await passTime()
    }
    expect([started.length, hopeless.length]).toEqual([9, 0])
  })

  it('counts a start that fails as a worker that ended', async () => {
    const { seat, started, obstacles, hopeless } = setUp()
    await seat.fill(job('a'))
    for (let time = 0; time < 4; time++) obstacles.push(new Error('bad'))
    started[0]?.end()
    await passTime()
    expect(hopeless).toHaveLength(1)
  })

  it('is refilled no more once it is closed', async () => {
    const { seat, started } = setUp()
    await seat.fill(job('a'))
    seat.close()
    started[0]?.end()
    await passTime()
    expect(started).toHaveLength(1)
  })
})
