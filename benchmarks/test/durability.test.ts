/** The durability bench's fixed names, and what its verdict says. */
import { expect, test } from 'vitest'
import { resultsOf, tableOf, verdictOf } from '../durability/report.ts'
import { SCENARIOS, type Scenario } from '../load/closed-loop.ts'
import type { Rounds } from '../load/measure.ts'
import { machine } from '../shared/results.ts'

const RUN = { machine: machine(), rounds: 10, seconds: 1, connections: 32 }

test('the results have the names that scripts rely on, each ratio with its baseline', () => {
  const results = resultsOf(measured(900))
  expect(results.map(({ name }) => name)).toEqual([
    ...['', ' p50', ' p99', ' cpu'].flatMap(figure => ['off', 'process', 'power'].map(side => side + figure)),
    'drain',
    'sigterm',
  ])
  expect(results.find(({ name }) => name === 'process')).toMatchObject({
    unit: 'requests/s',
    median: 900,
    baseline: 'off',
    ratio: { median: 0.9 },
  })
  expect(results.find(({ name }) => name === 'drain')).toMatchObject({ unit: 'rows/s', median: 5_000 })
})

test('without Postgres there is no drain to tell of', () => {
  const results = resultsOf({ ...measured(900), drain: null })
  expect(results.some(({ name }) => name === 'drain')).toBe(false)
  expect(tableOf(results, RUN)).not.toContain('rows/s')
})

test('the table says logging, sampling and durability of each side', () => {
  const lines = tableOf(resultsOf(measured(900)), RUN).split('\n')
  for (const side of ['off', 'process', 'power']) {
    const settings = lines.find(line => line.startsWith(`- ${side}:`))
    for (const name of ['logging', 'sampling', 'durability']) expect(settings).toContain(name)
  }
})

test.for([
  [900, 'holds'],
  [800, 'is missed'],
] as const)('at %i of 1,000 what is wanted %s', ([rate, verdict]) => {
  expect(verdictOf(resultsOf(measured(rate)))).toContain(verdict)
})

function measured(ownRate: number) {
  const sides = new Map([
    ['off' as const, rounds(1_000)],
    ['process' as const, rounds(ownRate)],
    ['power' as const, rounds(500)],
  ])
  const load = { scenario: SCENARIOS[0] as Scenario, sides }
  return { load, drain: new Array(10).fill(5_000), stop: new Array(10).fill(80) }
}

function rounds(requestsPerSecond: number): Rounds {
  const all = (value: number): number[] => new Array(10).fill(value)
  return { requestsPerSecond: all(requestsPerSecond), p50: all(1), p99: all(2), cpu: all(100) }
}
