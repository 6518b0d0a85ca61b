import { describe, expect, it } from 'vitest'
import { ManualClock } from '../src/clock.ts'
import { Lifecycle } from '../src/lifecycle.ts'
import { memoryLog } from './memory-log.ts'

function setUp() {
  const clock = new ManualClock()
  const { log, lines } = memoryLog()
  const lifecycle = new Lifecycle({ log, clock })
  const steps: string[] = []
  const add = (name: string, fails: { start?: Error; stop?: Error } = {}) =>
    lifecycle.add({
      name,
      start: async () => {
        clock.advance(5)
        steps.push(`start ${name}`)
        if (fails.start) throw fails.start
      },
      stop: async () => {
        steps.push(`stop ${name}`)
        if (fails.stop) throw fails.stop
      },
    })
  return { clock, lifecycle, steps, add, lines }
}

describe('lifecycle', () => {
  it('starts in order and stops in reverse', async () => {
    const { lifecycle, steps, add } = setUp()
    add('a')
    add('b')
    lifecycle.add({ name: 'has neither step' })
    await lifecycle.start()
    expect(steps).toEqual(['start a', 'start b'])
    await lifecycle.stop()
    expect(steps).toEqual(['start a', 'start b', 'stop b', 'stop a'])
  })

  it('waits for each start before the next', async () => {
    const { lifecycle, steps, add } = setUp()
    const opened = Promise.withResolvers<void>()
    lifecycle.add({ name: 'slow', start: () => opened.promise })
    add('after')
    const started = lifecycle.start()
    await Promise.resolve()
    expect(steps).toEqual([])
    opened.resolve()
    await started
    expect(steps).toEqual(['start after'])
  })

  it('keeps a component its `this`', async () => {
    const { lifecycle } = setUp()
    const component = {
      name: 'server',
      running: false,
      start() {
        this.running = true
      },
    }
    lifecycle.add(component)
    await lifecycle.start()
    expect(component.running).toBe(true)
  })

  it('rolls back what had started when a start fails, and names the component', async () => {
    const { lifecycle, steps, add } = setUp()
    const cause = new Error('port taken')
    add('a')
    add('b')
    add('c', { start: cause })
    add('d')
    await expect(lifecycle.start()).rejects.toMatchObject({
      code: 'start_failed',
      message: 'c failed to start: port taken',
      context: { component: 'c' },
      cause,
    })
    expect(steps).toEqual(['start a', 'start b', 'start c', 'stop b', 'stop a'])
    await lifecycle.stop()
    expect(steps).toHaveLength(5)
  })

  it('reports the failed start, not the failed rollback, and rolls back the others', async () => {
    const { lifecycle, steps, add, lines } = setUp()
    add('a')
    add('b', { stop: new Error('stuck') })
    add('c', { start: new Error('port taken') })
    await expect(lifecycle.start()).rejects.toMatchObject({ code: 'start_failed' })
    expect(steps.slice(-2)).toEqual(['stop b', 'stop a'])
    expect(lines()).toContainEqual(expect.objectContaining({ level: 'error', component: 'b' }))
  })

  it('stops the others when one fails to stop, and reports every failure at the end', async () => {
    const { lifecycle, steps, add } = setUp()
    add('a', { stop: new Error('first') })
    add('b')
    add('c', { stop: new Error('second') })
    await lifecycle.start()
    const error = await lifecycle.stop().catch(error => error)
    expect(error).toBeInstanceOf(AggregateError)
    expect(error.errors.map(String)).toEqual([
      'Error: c failed to stop: second',
      'Error: a failed to stop: first',
    ])
    expect(steps.slice(-3)).toEqual(['stop c', 'stop b', 'stop a'])
  })

  it('gives a second caller of stop the same stop, with its failures', async () => {
    const { lifecycle, steps, add } = setUp()
    const closed = Promise.withResolvers<void>()
    add('a', { stop: new Error('stuck') })
    lifecycle.add({ name: 'slow', stop: () => closed.promise })
    await lifecycle.start()
    const ends = [lifecycle.stop(), lifecycle.stop()].map(end => end.catch(error => error))
    closed.resolve()
    const [first, second] = await Promise.all(ends)
    expect(first).toBeInstanceOf(AggregateError)
    expect(second).toBe(first)
    await expect(lifecycle.stop()).rejects.toBe(first)
    expect(steps).toEqual(['start a', 'stop a'])
  })

  it.each([['between two components'], ['at the last component']])(
    'rolls back when stopped during the start, %s',
    async where => {
      const { lifecycle, steps, add } = setUp()
      const opened = Promise.withResolvers<void>()
      add('a')
      const begun = Promise.withResolvers<void>()
      const start = () => {
        begun.resolve()
        return opened.promise
      }
      lifecycle.add({ name: 'slow', start, stop: () => void steps.push('stop slow') })
      if (where.startsWith('between')) add('never')
      const started = lifecycle.start()
      await begun.promise
      const stopped = lifecycle.stop()
      opened.resolve()
      await expect(started).rejects.toMatchObject({ code: 'shutting_down' })
      await stopped
      expect(steps).toEqual(['start a', 'stop slow', 'stop a'])
    },
  )

  it('stops without having started', async () => {
    const { lifecycle, steps, add } = setUp()
    add('a')
    await lifecycle.stop()
    expect(steps).toEqual([])
  })

  it('refuses a second start and a component that comes late', async () => {
    const { lifecycle, add } = setUp()
    await lifecycle.start()
    await expect(lifecycle.start()).rejects.toMatchObject({ code: 'invalid_argument' })
    expect(() => add('late')).toThrow('late was added after the start')
  })

  it('logs each step with its duration', async () => {
    const { lifecycle, add, lines } = setUp()
    add('a')
    await lifecycle.start()
    await lifecycle.stop()
    expect(lines()).toMatchObject([
      { level: 'info', component: 'a', durationMs: 5, msg: 'component started' },
      { level: 'info', component: 'a', durationMs: 0, msg: 'component stopped' },
    ])
  })
})
