import { describe, expect, it } from 'vitest'
import type { StopFailure } from '../../src/lifecycle/index.ts'
import { OpenWork, Shutdown, type ShutdownWindows } from '../../src/shutdown/index.ts'
import { ManualTimers, settled } from '../manual-timers.ts'
import { memoryLog } from '../memory-log.ts'

const WINDOWS: ShutdownWindows = { lag: 0, total: 10_000, streams: 4_000, tasks: 3_000 }
const LAST_WORDS_MS = 1_000

interface Setting {
  readonly windows?: Partial<ShutdownWindows>
  readonly stopComponents?: (patienceMs: number) => Promise<readonly StopFailure[]>
}

function setUp({ windows, stopComponents = async () => [] }: Setting = {}) {
  const time = new ManualTimers(0)
  const { log, lines } = memoryLog()
  const [work, tasks] = [new OpenWork(), new OpenWork()]
  /** What happened, and when. */
  const events: string[] = []
  const note = (event: string) => events.push(`${time.monotonic()} ${event}`)
  const shutdown = new Shutdown({
    windows: { ...WINDOWS, ...windows },
    work,
    tasks,
    closeDoors: () => note('doors'),
    stopComponents: patienceMs => {
      note(`components ${patienceMs}`)
      return stopComponents(patienceMs)
    },
    log,
    clock: time,
    timers: time,
  })
  /** Work that obeys when it is asked to end, unless told otherwise. */
  const open = (list: OpenWork, name: string, obeys = true) => {
    const done = list.track(name, {
      drain: () => note(`drain ${name}`),
      end: () => {
        note(`end ${name}`)
        if (obeys) done()
      },
      cut: () => note(`cut ${name}`),
    })
    return done
  }
  return { time, shutdown, work, tasks, open, events, lines }
}

describe('the shutdown', () => {
  it('with nothing open goes through at once', async () => {
    const { shutdown, events } = setUp()
    expect(await shutdown.run()).toEqual({ unfinished: [], durationMs: 0 })
    expect(events).toEqual(['0 doors', '0 components 10000'])
  })

  it('serves on for the lag, unready, and its doors open; the total begins after it', async () => {
    const { shutdown, time, events, open, work } = setUp({ windows: { lag: 5_000 } })
    expect(shutdown.hasBegun).toBe(false)
    const done = open(work, 'socket')
    const stopped = shutdown.run()
    expect(shutdown.hasBegun).toBe(true)
    await time.pass(4_999)
    expect(events).toEqual([])
    await time.pass(1)
    expect(events).toEqual(['5000 doors', '5000 drain socket'])
    done()
    expect(await stopped).toEqual({ unfinished: [], durationMs: 5_000 })
    expect(events.at(-1)).toBe('5000 components 10000')
  })

  it('touches nothing that ends within its window, at its last millisecond', async () => {
    const { shutdown, time, events, open, work, tasks } = setUp()
    const stream = open(work, 'stream')
    const task = open(tasks, 'task')
    const stopped = shutdown.run()
    await time.pass(3_999)
    stream()
    await time.pass(3_000)
    task()
    expect(await stopped).toMatchObject({ unfinished: [] })
    expect(events).toEqual(['0 doors', '0 drain stream', '3999 drain task', '6999 components 3001'])
  })

  it('leaves to the next phase what one does not use', async () => {
    const { shutdown, time, events, open, tasks } = setUp()
    open(tasks, 'task')
    const stopped = shutdown.run()
    await time.pass(6_999)
    expect(events.at(-1)).toBe('0 drain task')
    await time.pass(1)
    expect(await stopped).toMatchObject({ unfinished: [{ phase: 'tasks', name: 'task', fate: 'ended' }] })
    expect(events.slice(-2)).toEqual(['7000 end task', '7000 components 3000'])
  })

  it('asks what is late to end, and cuts what does not; each is named, with its phase, in report and log', async () => {
    const { shutdown, time, events, open, work, tasks, lines } = setUp()
    open(work, 'slow')
    open(work, 'deaf', false)
    open(tasks, 'endless', false)
    const stopped = shutdown.run()
    await time.pass(9_000)
    const { unfinished, durationMs } = await stopped
    expect(events).toEqual([
      '0 doors',
      '0 drain slow',
      '0 drain deaf',
      '4000 end slow',
      '4000 end deaf',
      `${4_000 + LAST_WORDS_MS} cut deaf`,
      `${4_000 + LAST_WORDS_MS} drain endless`,
      '7000 end endless',
      `${7_000 + LAST_WORDS_MS} cut endless`,
      '8000 components 2000',
    ])
    const expected = [
      { phase: 'streams', name: 'slow', fate: 'ended' },
      { phase: 'streams', name: 'deaf', fate: 'ended' },
      { phase: 'streams', name: 'deaf', fate: 'cut' },
      { phase: 'tasks', name: 'endless', fate: 'ended' },
      { phase: 'tasks', name: 'endless', fate: 'cut' },
    ]
    expect(unfinished).toEqual(expected)
    expect(durationMs).toBe(8_000)
    const told = lines().filter(({ level, fate }) => level === 'error' && fate !== undefined)
    expect(told).toMatchObject(expected)
    expect(lines().at(-1)).toMatchObject({ level: 'error', unfinished: 5, msg: 'stopped' })
  })

  it('has told all that come late, in the middle of the stop, that it has begun', async () => {
    const { shutdown, time, events, open, work } = setUp()
    const first = open(work, 'first')
    const stopped = shutdown.run()
    await time.pass(100)
    const late = open(work, 'late')
    first()
    await settled()
    expect(events).toEqual(['0 doors', '0 drain first', '100 drain late'])
    late()
    expect(await stopped).toMatchObject({ unfinished: [] })
  })

  it('gives the last words a tenth of a short total, not more', async () => {
    const { shutdown, time, events, open, work } = setUp({
      windows: { total: 1_000, streams: 400, tasks: 300 },
    })
    open(work, 'deaf', false)
    const stopped = shutdown.run()
    await time.pass(500)
    await stopped
    expect(events.slice(-2)).toEqual(['500 cut deaf', '500 components 500'])
  })

  it('names the components that hung or failed', async () => {
    const error = new Error('stuck')
    const { shutdown } = setUp({
      stopComponents: async () => [
        { component: 'database', fate: 'hung', error },
        { component: 'http', fate: 'failed', error },
      ],
    })
    expect(await shutdown.run()).toMatchObject({
      unfinished: [
        { phase: 'components', name: 'database', fate: 'hung' },
        { phase: 'components', name: 'http', fate: 'failed' },
      ],
    })
  })

  it('goes on where a phase breaks, and names it', async () => {
    const { shutdown, lines } = setUp({ stopComponents: () => Promise.reject(new Error('a bug')) })
    expect(await shutdown.run()).toMatchObject({
      unfinished: [{ phase: 'components', name: 'components', fate: 'failed' }],
    })
    expect(lines()).toContainEqual(expect.objectContaining({ level: 'error', phase: 'components' }))
  })

  it('is the same for a second caller', async () => {
    const { shutdown, events } = setUp()
    const [first, second] = [shutdown.run(), shutdown.run()]
    expect(second).toBe(first)
    await first
    expect(events).toHaveLength(2)
  })

  it('logs each phase with its duration', async () => {
    const { shutdown, time, lines, open, work } = setUp({ windows: { lag: 10 } })
    const done = open(work, 'stream')
    const stopped = shutdown.run()
    await time.pass(15)
    done()
    await stopped
    expect(lines().filter(({ msg }) => msg === 'phase of the stop done')).toMatchObject([
      { phase: 'lag', durationMs: 10 },
      { phase: 'streams', durationMs: 5 },
      { phase: 'tasks', durationMs: 0 },
      { phase: 'components', durationMs: 0 },
    ])
  })
})
