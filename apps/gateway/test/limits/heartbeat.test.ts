import { ManualClock } from '@atp/core/clock'
import { beforeEach, describe, expect, it } from 'vitest'
import { Heartbeat } from '../../src/limits/heartbeat.ts'

const LEASE_MS = 60_000
let clock: ManualClock
let renewed: string[]
let heartbeat: Heartbeat

beforeEach(() => {
  clock = new ManualClock()
  renewed = []
  heartbeat = new Heartbeat({
    leaseMs: LEASE_MS,
    now: () => clock.monotonic(),
    limiter: {
      renew: async (tenant, id, leaseMs) => {
        renewed.push(`${tenant} ${id} ${leaseMs}`)
        throw new Error('nobody answers')
      },
    },
  })
})

function beatAfter(ms: number): number {
  clock.advance(ms)
  const before = renewed.length
  heartbeat.beat()
  return renewed.length - before
}

describe('a heartbeat', () => {
  it('renews each third of a lease what is held, though nobody may answer', () => {
    heartbeat.keep('acme', 'r1')
    expect(beatAfter(LEASE_MS / 3 - 1)).toBe(0)
    expect(beatAfter(1)).toBe(1)
    expect(renewed).toEqual([`acme r1 ${LEASE_MS}`])
    expect(beatAfter(1)).toBe(0)
    expect(beatAfter(LEASE_MS / 3)).toBe(1)
  })

  it('lets go of what is settled', () => {
    const release = heartbeat.keep('acme', 'r1')
    heartbeat.keep('acme', 'r2')
    expect(heartbeat.size).toBe(2)
    release()
    expect(heartbeat.size).toBe(1)
    beatAfter(LEASE_MS)
    expect(renewed).toEqual([`acme r2 ${LEASE_MS}`])
  })

  it('stops when what is held is settled, or its patience has an end', async () => {
    const release = heartbeat.keep('acme', 'r1')
    let stopped = false
    const stopping = heartbeat.stop(1_000).then(() => {
      stopped = true
    })
    await new Promise(resolve => setImmediate(resolve))
    expect(stopped).toBe(false)
    release()
    await stopping
    heartbeat.keep('acme', 'r2')
    const giveUp = heartbeat.stop(1_000)
    clock.advance(1_000)
    await giveUp
    expect(heartbeat.size).toBe(1)
  })
})
