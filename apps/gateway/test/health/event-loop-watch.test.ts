import { setTimeout as delay } from 'node:timers/promises'
import { ManualClock, systemClock } from '@atp/core/clock'
import { describe, expect, it } from 'vitest'
import { EventLoopWatch, REMEMBERED_MS } from '../../src/health/event-loop-watch.ts'

const LIMIT_MS = 5_000

/** Its own timer hardly beats within a test: the test does. */
function started() {
  const clock = new ManualClock()
  const watch = new EventLoopWatch(clock, LIMIT_MS)
  watch.start()
  return {
    watch,
    pass: (ms: number) => {
      clock.advance(ms)
      watch.beat()
    },
  }
}

describe('the watch of the event loop', () => {
  it('finds nothing while the loop comes round, or pauses within the limit', () => {
    const { watch, pass } = started()
    for (const ms of [100, 130, 3_000, LIMIT_MS + 100, 100]) pass(ms)
    expect(watch.blocked()).toBeNull()
    watch.stop()
  })

  it('tells of a longer block for a while, then no more', () => {
    const { watch, pass } = started()
    pass(7_100)
    pass(100)
    expect(watch.blocked()).toEqual({ ms: 7_000, agoMs: 100, limitMs: LIMIT_MS })
    for (let ms = 100; ms < REMEMBERED_MS; ms += 100) pass(100)
    expect(watch.blocked()).toEqual({ ms: 7_000, agoMs: REMEMBERED_MS, limitMs: LIMIT_MS })
    pass(100)
    expect(watch.blocked()).toBeNull()
    watch.stop()
  })

  it('tells of the longest one of late', () => {
    const { watch, pass } = started()
    for (const ms of [9_100, 6_100]) pass(ms)
    expect(watch.blocked()).toMatchObject({ ms: 9_000, agoMs: 6_100 })
    for (let ms = 0; ms < REMEMBERED_MS; ms += 5_100) pass(5_100)
    pass(6_100)
    expect(watch.blocked()).toMatchObject({ ms: 6_000, agoMs: 0 })
    watch.stop()
  })

  it('is not to be asked before the block has ended, and no beat needs to have come since', () => {
    const clock = new ManualClock()
    const watch = new EventLoopWatch(clock, LIMIT_MS)
    watch.start()
    clock.advance(LIMIT_MS + 101)
    expect(watch.blocked()).toMatchObject({ ms: LIMIT_MS + 1, agoMs: 0 })
    watch.stop()
  })

  it('beats by itself, and sees a loop that is really blocked', async () => {
    const watch = new EventLoopWatch(systemClock, 300)
    watch.start()
    // A task that blocks comes between two beats.
    await delay(150)
    const until = performance.now() + 700
    while (performance.now() < until);
    await delay(0)
    expect(watch.blocked()?.ms).toBeGreaterThan(500)
    watch.stop()
  })
})
