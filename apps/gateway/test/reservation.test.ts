import type { ObservationId } from '@atp/core/ids'
import type { Admission, Settlement, Spend } from '@atp/domain/limit'
import { beforeEach, describe, expect, it } from 'vitest'
import { holding, UNLIMITED } from '../src/corridor/reservation.ts'

const price = { inputUsdPerMtok: 1, outputUsdPerMtok: 2 }
const usage = { inputTokens: 10, outputTokens: 5, estimated: false }

let settled: [tenant: string, id: string, spent: Spend][]
let ended: number
let warned: unknown[]
let answer: () => Promise<Settlement>
let recounted: Admission[]

beforeEach(() => {
  settled = []
  ended = 0
  warned = []
  recounted = []
  answer = async () => 'settled'
})

const reservation = () =>
  holding({
    limiter: {
      settle: (...told) => {
        settled.push(told)
        return answer()
      },
      recount: async admission => {
        recounted.push(admission)
      },
    },
    limits: [],
    tenant: 'acme',
    id: 'r1' as ObservationId,
    estimate: { tokens: 40, cost: 50, outputLimit: null },
    price,
    ended: () => {
      ended += 1
    },
    warn: error => warned.push(error),
  })

describe('a reservation', () => {
  it('is settled at what was spent, once, whatever comes', async () => {
    const held = reservation()
    await Promise.all([held.settle(usage), held.settle(null)])
    await held.settle(usage)
    expect(settled).toEqual([['acme', 'r1', { tokens: 15, cost: 20 }]])
    expect(ended).toBe(1)
  })

  it('is counted after all where the counters that knew it were lost meanwhile', async () => {
    answer = async () => 'unknown'
    await reservation().settle(usage)
    const estimate = { tokens: 15, cost: 20 }
    expect(recounted).toEqual([
      { tenant: 'acme', reservation: 'r1', limits: [], estimate, requests: 0, leaseMs: 0 },
    ])
  })

  it('counts as it was estimated where nobody knows the bill', async () => {
    await reservation().settle('unknown')
    expect(settled).toEqual([['acme', 'r1', { tokens: 40, cost: 50 }]])
  })

  it('gives all of it back where the call was not answered', async () => {
    await reservation().settle(null)
    expect(settled).toEqual([['acme', 'r1', { tokens: 0, cost: 0 }]])
  })

  it('is held until its settlement is told: a stop waits for it', async () => {
    let tell: () => void = () => undefined
    answer = () =>
      new Promise(resolve => {
        tell = () => resolve('settled')
      })
    const settling = reservation().settle(usage)
    expect(ended).toBe(0)
    tell()
    await settling
    expect(ended).toBe(1)
  })

  it('lets nobody fail over a settlement that could not be told', async () => {
    const error = new Error('nobody answers')
    answer = () => Promise.reject(error)
    await reservation().settle(usage)
    expect([warned, ended]).toEqual([[error], 1])
  })

  it('of a tenant without limits is nothing, and nothing waits for it', () => {
    expect([UNLIMITED.settle(usage), settled]).toEqual([null, []])
  })
})
