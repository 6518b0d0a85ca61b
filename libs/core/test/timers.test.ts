import { describe, expect, it } from 'vitest'
import { systemTimers, within } from '../src/timers.ts'
import { ManualTimers } from './manual-timers.ts'

describe('within', () => {
  it('tells what was done in time, and leaves no timer', async () => {
    const timers = new ManualTimers()
    expect(await within(timers, 100, Promise.resolve('done'))).toBe(true)
    expect(timers.size).toBe(0)
  })

  it("waits so long and no longer; a failure that comes later is nobody's", async () => {
    const timers = new ManualTimers()
    const late = Promise.withResolvers<void>()
    const waited = within(timers, 100, late.promise)
    await timers.pass(99)
    expect(timers.size).toBe(1)
    await timers.pass(1)
    expect(await waited).toBe(false)
    late.reject(new Error('late'))
  })

  it('throws what it waited for threw', async () => {
    const timers = new ManualTimers()
    await expect(within(timers, 100, Promise.reject(new Error('broken')))).rejects.toThrow('broken')
    expect(timers.size).toBe(0)
  })

  it('waits for ever where it is told to', async () => {
    const timers = new ManualTimers()
    expect(await within(timers, Number.POSITIVE_INFINITY, Promise.resolve())).toBe(true)
  })
})

describe("the system's timers", () => {
  it('call back after a while, unless they are told to forget it', async () => {
    const called: string[] = []
    const forget = systemTimers.after(0, () => called.push('forgotten'))
    forget()
    await new Promise<void>(resolve => systemTimers.after(1, resolve))
    expect(called).toEqual([])
  })
})
