import { ManualClock } from '@atp/core/clock'
import { milliseconds } from '@atp/core/units'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Deadlines, type TimeoutPhase } from '../../src/providers/deadlines.ts'

const LIMITS = { firstToken: milliseconds(300), idle: milliseconds(100), total: milliseconds(1000) }

describe('Deadlines', () => {
  let clock: ManualClock
  let expired: TimeoutPhase[]
  let deadlines: Deadlines
  beforeEach(() => {
    clock = new ManualClock()
    expired = []
    deadlines = new Deadlines(LIMITS, clock, { expired: phase => void expired.push(phase) })
  })
  afterEach(() => deadlines.stop())

  /** What the timer would find after so many more milliseconds. */
  const passing = (ms: number): TimeoutPhase[] => {
    clock.advance(ms)
    deadlines.stop()
    deadlines.check()
    return expired
  }

  it('wait for the first token in full, however short the limit on silence is', () => {
    expect(passing(299)).toEqual([])
    expect(passing(1)).toEqual(['first_token'])
  })

  it('are not moved by what arrives before the first token', () => {
    clock.advance(200)
    deadlines.progress()
    expect(passing(100)).toEqual(['first_token'])
  })

  it('count silence from the last arrival on', () => {
    deadlines.firstToken()
    expect(passing(99)).toEqual([])
    deadlines.progress()
    expect(passing(99)).toEqual([])
    expect(passing(1)).toEqual(['idle'])
  })

  it('count no silence while reading is suspended', () => {
    deadlines.firstToken()
    deadlines.suspend()
    expect(passing(500)).toEqual([])
    deadlines.resume()
    expect(passing(99)).toEqual([])
    expect(passing(1)).toEqual(['idle'])
  })

  it('count the total through everything', () => {
    deadlines.firstToken()
    deadlines.suspend()
    expect(passing(1000)).toEqual(['total'])
  })
})
