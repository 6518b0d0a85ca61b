import type { Settlement, Spend } from '@atp/domain/limit'
import type { Observation } from '@atp/domain/observation'
import { expect, it } from 'vitest'
import { LateSettlements } from '../src/limits/late-settlements.ts'

const LEASE_MS = 60_000
const NOW = 1_700_000_000_000

type Told = readonly [tenant: string, reservation: string, spent: Spend]

function callOf(id: string, differs: Partial<Observation> = {}): Observation {
  const usage = { inputTokens: 10, outputTokens: 5, estimated: false }
  const call = { id, kind: 'attempt', outcome: 'success', tenant: 't', at: NOW, usage, cost: 20 }
  return { ...call, ...differs } as Observation
}

/** Over a journal that begins at sequence 1. */
function over(rows: readonly Observation[], answer: (told: Told) => Settlement = () => 'settled') {
  const told: Told[] = []
  const late = new LateSettlements({
    limiter: {
      settle: async (...settlement) => {
        told.push(settlement)
        return answer(settlement)
      },
    },
    observations: {
      after: async (sequence, limit) =>
        rows
          .map((observation, index) => ({ sequence: index + 1, observation, context: {} as never }))
          .slice(sequence, sequence + limit),
    },
    leaseMs: LEASE_MS,
  })
  return { late, told }
}

const UNHURRIED = new AbortController().signal

const spent = { tokens: 15, cost: 20 }
const nothing = { tokens: 0, cost: 0 }

it('settles each call by its id, a failed one at nothing, and lets one of unknown cost count as it was estimated', async () => {
  const silent = { usage: null, cost: null }
  const rows = [
    callOf('a', { ...silent, outcome: 'error' }),
    callOf('b'),
    callOf('c', { kind: 'feedback' }),
    callOf('d', { ...silent, outcome: 'timeout' }),
    callOf('e', { kind: 'outside' }),
  ]
  const { late, told } = over(rows, ([, id]) => (id === 'b' ? 'corrected' : 'unknown'))
  expect(await late.settle(rows.length, UNHURRIED)).toBe(1)
  expect(told).toEqual([
    ['t', 'a', nothing],
    ['t', 'b', spent],
  ])
})

it('leaves alone what came after the start, and what came long before the last call', async () => {
  const rows = [
    callOf('old', { at: (NOW - 2 * LEASE_MS - 1) as Observation['at'] }),
    callOf('a'),
    callOf('new'),
  ]
  const { late, told } = over(rows)
  await late.settle(2, UNHURRIED)
  expect(told.map(([, id]) => id)).toEqual(['a'])
})

it('reads the last thousand rows', async () => {
  const rows = Array.from({ length: 1_001 }, (_, at) => callOf(`call${at}`))
  const { late, told } = over(rows)
  expect(await late.settle(rows.length, UNHURRIED)).toBe(1_000)
  expect(told[0]?.[1]).toBe('call1')
})

it('ends where the gateway stops', async () => {
  const stop = new AbortController()
  const { late, told } = over([callOf('a'), callOf('b')], () => {
    stop.abort()
    return 'settled'
  })
  await late.settle(2, stop.signal)
  expect(told).toHaveLength(1)
})
