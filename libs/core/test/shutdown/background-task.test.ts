import { describe, expect, it } from 'vitest'
import { OpenWork, runInBackground } from '../../src/shutdown/index.ts'

describe('a background task', () => {
  it('is open until it is done, and gives what it came to', async () => {
    const tasks = new OpenWork()
    const step = Promise.withResolvers<number>()
    const done = runInBackground(tasks, 'sum', () => step.promise)
    expect(tasks.names).toEqual(['sum'])
    step.resolve(3)
    expect(await done).toBe(3)
    expect(tasks.size).toBe(0)
  })

  it('is not open any more when it has failed', async () => {
    const tasks = new OpenWork()
    const failed = runInBackground(tasks, 'sum', () => Promise.reject(new Error('no')))
    await expect(failed).rejects.toThrow('no')
    expect(tasks.size).toBe(0)
  })

  it('is told by its signal that it is late, and why', async () => {
    const tasks = new OpenWork()
    const aborted = runInBackground(
      tasks,
      'endless',
      signal =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason))
        }),
    )
    tasks.drain()
    expect(tasks.end('it stops')).toEqual(['endless'])
    await expect(aborted).rejects.toMatchObject({ code: 'shutting_down', message: 'it stops' })
    expect(tasks.cut()).toEqual([])
  })
})
