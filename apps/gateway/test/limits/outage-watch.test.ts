import type { FailoverState } from '@atp/domain/limit'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { OutageWatch } from '../../src/limits/outage-watch.ts'

let state: FailoverState
let probe: ReturnType<typeof vi.fn<() => Promise<void>>>
let watch: OutageWatch

beforeEach(() => {
  vi.useFakeTimers()
  state = { decides: 'shared', backlog: 0 }
  probe = vi.fn(() => Promise.resolve())
  watch = new OutageWatch({ state: () => state, probe })
  return () => vi.useRealTimers()
})

describe('the watch over the shared limits', () => {
  it('leaves them alone while they decide and know everything', async () => {
    watch.start()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(probe).not.toHaveBeenCalled()
  })

  it('asks every second whether they are back, whatever came of the last time', async () => {
    probe.mockRejectedValue(new Error('away'))
    state = { decides: 'away', backlog: 0 }
    watch.start()
    await vi.advanceTimersByTimeAsync(3_000)
    expect(probe).toHaveBeenCalledTimes(3)
    await watch.stop(0)
    await vi.advanceTimersByTimeAsync(3_000)
    expect(probe).toHaveBeenCalledTimes(4)
  })

  it('tells at a stop what was not told, and waits no longer than it may', async () => {
    state = { decides: 'shared', backlog: 2 }
    probe.mockReturnValue(new Promise(() => undefined))
    const stopped = watch.stop(500)
    expect(probe).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(500)
    await stopped
  })
})
