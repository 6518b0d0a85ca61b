/** The outage bench's fixed names, and what its verdict says. */
import { expect, test } from 'vitest'
import { type Measured, PHASES, resultsOf, SETTINGS, tableOf, verdictOf } from '../outage/report.ts'
import { machine } from '../shared/results.ts'

const ROUNDS = 10

test('the results have the names that scripts rely on, each ratio with its baseline', () => {
  const results = resultsOf(measured(1_100, 0))
  expect(results.map(({ name }) => name)).toEqual(
    PHASES.flatMap(({ name }) =>
      ['p50', 'p99', ...(name === 'healthy' ? [] : ['bound']), 'errors', 'retries'].map(
        figure => `${name} ${figure}`,
      ),
    ),
  )
  expect(results.find(({ name }) => name === 'stalls p99')).toMatchObject({
    unit: 'ms',
    median: 1_100,
    baseline: 'healthy p99',
    ratio: { median: 11 },
  })
  // 1.5 x 100 ms, and a second.
  expect(results.find(({ name }) => name === 'stalls bound')?.median).toBeCloseTo(1_100 / 1_150, 9)
  expect(results.find(({ name }) => name === 'fails retries')?.median).toBeCloseTo(0.1, 9)
})

test.for([
  [1_100, 0, 'p99 within its bound holds', 'errors below 0.100% holds'],
  [1_200, 1, 'p99 within its bound is missed', 'errors below 0.100% is missed'],
] as const)('at a p99 of %i ms and %i errors a round: %s, %s', ([p99, errors, ...texts]) => {
  const verdict = verdictOf(resultsOf(measured(p99, errors)))
  for (const text of texts) expect(verdict).toContain(text)
})

test('the table says what the gateway ran with', () => {
  const run = { machine: machine(), rounds: ROUNDS, seconds: 5, perSecond: 100 }
  const table = tableOf(resultsOf(measured(1_100, 0)), run)
  for (const name of Object.keys(SETTINGS.gateway)) expect(table).toContain(name)
  for (const { title } of PHASES) expect(table).toContain(`| ${title} |`)
})

function measured(p99: number, errors: number): Measured {
  const all = (value: number): number[] => new Array(ROUNDS).fill(value)
  const phase = (ms: number) => ({
    requests: all(500),
    errors: all(errors),
    p50: all(50),
    p99: all(ms),
    retries: all(50),
  })
  return { healthy: phase(100), fails: phase(p99), flickers: phase(p99), stalls: phase(p99) }
}
