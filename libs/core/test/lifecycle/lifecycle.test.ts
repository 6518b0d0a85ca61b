import { describe, expect, it } from 'vitest'
import { type Component, Lifecycle } from '../../src/lifecycle/index.ts'
import { ManualTimers, settled } from '../manual-timers.ts'
import { memoryLog } from '../memory-log.ts'

const FOREVER = new Promise<never>(() => {})

interface Script extends Pick<Component, 'needs' | 'startTimeoutMs'> {
  readonly starts?: Promise<unknown>
  readonly stops?: Promise<unknown>
}

/** Components by name, with what their steps wait for; what happened is in `steps`. */
function setUp(scripts: Readonly<Record<string, Script>>) {
  const time = new ManualTimers()
  const { log, lines } = memoryLog()
  const steps: string[] = []
  const components = Object.entries(scripts).map(([name, { starts, stops, ...rest }]) => ({
    name,
    ...rest,
    start: async () => {
      steps.push(`start ${name}`)
      await starts
    },
    stop: async () => {
      steps.push(`stop ${name}`)
      await stops
    },
  }))
  const lifecycle = new Lifecycle({ components, log, clock: time, timers: time })
  return { time, lifecycle, steps, lines }
}

const failing = (message: string): Promise<never> => {
  const failed = Promise.reject(new Error(message))
  failed.catch(() => {})
  return failed
}

describe('the start', () => {
  it('begins each component when all that it needs runs, and not before', async () => {
    const [a, b] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const { lifecycle, steps } = setUp({
      c: { needs: ['a', 'b'] },
      a: { starts: a.promise },
      b: { starts: b.promise },
    })
    const started = lifecycle.start()
    await settled()
    expect(steps).toEqual(['start a', 'start b'])
    b.resolve()
    await settled()
    expect(steps).toHaveLength(2)
    a.resolve()
    await started
    expect(steps).toEqual(['start a', 'start b', 'start c'])
  })

  it('keeps a component its `this`, and takes one without steps', async () => {
    const component = {
      name: 'server',
      running: false,
      start() {
        this.running = true
      },
    }
    const time = new ManualTimers()
    const components = [component, { name: 'has neither step' }]
    const lifecycle = new Lifecycle({ components, log: memoryLog().log, clock: time, timers: time })
    await lifecycle.start()
    expect(component.running).toBe(true)
    expect(await lifecycle.stop()).toEqual([])
  })

  it('refuses components that need each other before anything starts', () => {
    expect(() => setUp({ a: { needs: ['b'] }, b: { needs: ['a'] } })).toThrow('a -> b -> a')
  })

  it('rolls back, in reverse, what had started when one fails, and names it', async () => {
    const { lifecycle, steps } = setUp({
      a: {},
      b: { needs: ['a'] },
      c: { needs: ['b'], starts: failing('port taken') },
      d: { needs: ['c'] },
    })
    await expect(lifecycle.start()).rejects.toMatchObject({
      code: 'start_failed',
      message: 'c failed to start: port taken',
      context: { component: 'c' },
      cause: { message: 'port taken' },
    })
    expect(steps).toEqual(['start a', 'start b', 'start c', 'stop b', 'stop a'])
    await lifecycle.stop()
    expect(steps).toHaveLength(5)
  })

  it('waits for what starts beside a failure, to roll it back too', async () => {
    const slow = Promise.withResolvers<void>()
    const { lifecycle, steps } = setUp({ slow: { starts: slow.promise }, broken: { starts: failing('no') } })
    const started = lifecycle.start()
    started.catch(() => {})
    await settled()
    expect(steps).toEqual(['start slow', 'start broken'])
    slow.resolve()
    await expect(started).rejects.toMatchObject({ context: { component: 'broken' } })
    expect(steps).toEqual(['start slow', 'start broken', 'stop slow'])
  })

  it('gives each its own time, names who took too long, and stops it should it come after all', async () => {
    const late = Promise.withResolvers<void>()
    const { lifecycle, time, steps } = setUp({
      patient: { startTimeoutMs: 500 },
      late: { starts: late.promise, startTimeoutMs: 200, needs: ['patient'] },
    })
    const started = lifecycle.start()
    started.catch(() => {})
    await time.pass(199)
    expect(steps).toEqual(['start patient', 'start late'])
    await time.pass(1)
    await expect(started).rejects.toMatchObject({
      code: 'start_failed',
      message: 'late failed to start: it did not start within 200 ms',
    })
    expect(steps).toEqual(['start patient', 'start late', 'stop patient'])
    late.resolve()
    await settled()
    expect(steps.at(-1)).toBe('stop late')
  })

  it('tells a component that nobody waits for its start any more', async () => {
    const time = new ManualTimers()
    const begun = Promise.withResolvers<AbortSignal>()
    const polite: Component = {
      name: 'polite',
      start: signal =>
        new Promise((_resolve, reject) => {
          begun.resolve(signal)
          signal.addEventListener('abort', () => reject(new Error('given up')))
        }),
    }
    const lifecycle = new Lifecycle({ components: [polite], log: memoryLog().log, clock: time, timers: time })
    const started = lifecycle.start()
    started.catch(() => {})
    expect((await begun.promise).aborted).toBe(false)
    expect(await lifecycle.stop(1_000)).toEqual([])
    // It did as it was told.
    await expect(started).rejects.toMatchObject({ code: 'shutting_down' })
  })

  it('reports the failed start, not the failed rollback, and rolls back the others', async () => {
    const { lifecycle, steps, lines } = setUp({
      a: {},
      b: { needs: ['a'], stops: failing('stuck') },
      c: { needs: ['b'], starts: failing('port taken') },
    })
    await expect(lifecycle.start()).rejects.toMatchObject({ code: 'start_failed' })
    expect(steps.slice(-2)).toEqual(['stop b', 'stop a'])
    expect(lines()).toContainEqual(
      expect.objectContaining({ level: 'error', component: 'b', fate: 'failed' }),
    )
  })

  it('is refused a second time', async () => {
    const { lifecycle } = setUp({})
    await lifecycle.start()
    await expect(lifecycle.start()).rejects.toMatchObject({ code: 'invalid_argument' })
  })
})

describe('the stop', () => {
  it('takes each when nothing needs it any more, those that are apart at once', async () => {
    const http = Promise.withResolvers<void>()
    const { lifecycle, steps } = setUp({
      database: {},
      redis: {},
      http: { needs: ['database'], stops: http.promise },
    })
    await lifecycle.start()
    const stopped = lifecycle.stop()
    await settled()
    expect(steps.slice(3)).toEqual(['stop http', 'stop redis'])
    http.resolve()
    expect(await stopped).toEqual([])
    expect(steps.slice(3)).toEqual(['stop http', 'stop redis', 'stop database'])
  })

  it('goes on past a component that fails, and tells of every failure', async () => {
    const { lifecycle, steps } = setUp({
      a: { stops: failing('first') },
      b: { needs: ['a'] },
      c: { needs: ['b'], stops: failing('second') },
    })
    await lifecycle.start()
    expect(await lifecycle.stop()).toMatchObject([
      { component: 'c', fate: 'failed', error: { message: 'c failed in the stop: second' } },
      { component: 'a', fate: 'failed', error: { message: 'a failed in the stop: first' } },
    ])
    expect(steps.slice(-3)).toEqual(['stop c', 'stop b', 'stop a'])
  })

  it('goes on past one that hangs: it has its part of the time, and what comes after it the rest', async () => {
    const { lifecycle, steps, time, lines } = setUp({
      a: {},
      b: { needs: ['a'] },
      c: { needs: ['b'], stops: FOREVER },
    })
    await lifecycle.start()
    const stopped = lifecycle.stop(900)
    await time.pass(299)
    expect(steps.at(-1)).toBe('stop c')
    await time.pass(1)
    expect(await stopped).toMatchObject([{ component: 'c', fate: 'hung' }])
    expect(steps.slice(-3)).toEqual(['stop c', 'stop b', 'stop a'])
    const told = lines().filter(({ component }) => component === 'c')
    expect(told.at(-1)).toMatchObject({ level: 'error', fate: 'hung', msg: 'component did not stop' })
  })

  it('ends in time when everything hangs, and leaves to the next what one has not used', async () => {
    const { lifecycle, time } = setUp({
      a: { stops: FOREVER },
      b: { needs: ['a'], stops: FOREVER },
      c: { needs: ['b'] },
    })
    await lifecycle.start()
    const stopped = lifecycle.stop(900)
    await time.pass(899)
    let isDone = false
    void stopped.then(() => {
      isDone = true
    })
    await settled()
    expect(isDone).toBe(false)
    await time.pass(1)
    const failures = await stopped
    expect(failures.map(({ component, error }) => [component, error.message])).toEqual([
      ['b', 'b hung in the stop: it did not stop within 450 ms'],
      ['a', 'a hung in the stop: it did not stop within 450 ms'],
    ])
  })

  it('tells each component how long it is waited for', async () => {
    const told: number[] = []
    const time = new ManualTimers()
    const components = [
      { name: 'a', stop: (patienceMs: number) => void told.push(patienceMs) },
      { name: 'b', needs: ['a'], stop: (patienceMs: number) => void told.push(patienceMs) },
    ]
    const lifecycle = new Lifecycle({ components, log: memoryLog().log, clock: time, timers: time })
    await lifecycle.start()
    await lifecycle.stop(800)
    expect(told).toEqual([400, 800])
  })

  it('is the same for a second caller, with its failures', async () => {
    const slow = Promise.withResolvers<void>()
    const { lifecycle, steps } = setUp({ a: { stops: failing('stuck') }, slow: { stops: slow.promise } })
    await lifecycle.start()
    const [first, second] = [lifecycle.stop(), lifecycle.stop()]
    slow.resolve()
    expect(await first).toMatchObject([{ component: 'a' }])
    expect(await second).toBe(await first)
    expect(await lifecycle.stop()).toBe(await first)
    expect(steps.filter(step => step.startsWith('stop'))).toHaveLength(2)
  })

  it.each([['between two components'], ['at the last component']])(
    'rolls back a start halfway, %s',
    async where => {
      const opened = Promise.withResolvers<void>()
      const { lifecycle, steps } = setUp({
        a: {},
        slow: { needs: ['a'], starts: opened.promise },
        ...(where.startsWith('between') ? { never: { needs: ['slow'] } } : {}),
      })
      const started = lifecycle.start()
      started.catch(() => {})
      await settled()
      const stopped = lifecycle.stop()
      opened.resolve()
      await expect(started).rejects.toMatchObject({ code: 'shutting_down' })
      expect(await stopped).toEqual([])
      expect(steps).toEqual(['start a', 'start slow', 'stop slow', 'stop a'])
    },
  )

  it('waits half of its time for a start under way, then names it and stops the others', async () => {
    const { lifecycle, steps, time } = setUp({ a: {}, stuck: { needs: ['a'], starts: FOREVER } })
    lifecycle.start().catch(() => {})
    await settled()
    const stopped = lifecycle.stop(1_000)
    await time.pass(499)
    expect(steps).not.toContain('stop a')
    await time.pass(1)
    expect(await stopped).toMatchObject([{ component: 'stuck', fate: 'hung' }])
    expect(steps.at(-1)).toBe('stop a')
  })

  it('before the start leaves nothing to start', async () => {
    const { lifecycle, steps } = setUp({ a: {} })
    expect(await lifecycle.stop()).toEqual([])
    await expect(lifecycle.start()).rejects.toMatchObject({ code: 'shutting_down' })
    expect(steps).toEqual([])
  })
})

it('logs each step with its duration', async () => {
  const opened = Promise.withResolvers<void>()
  const { lifecycle, lines, time } = setUp({ a: { starts: opened.promise } })
  const started = lifecycle.start()
  await time.pass(5)
  opened.resolve()
  await started
  await lifecycle.stop()
  expect(lines()).toMatchObject([
    { level: 'info', component: 'a', durationMs: 5, msg: 'component started' },
    { level: 'info', component: 'a', durationMs: 0, msg: 'component stopped' },
  ])
})
