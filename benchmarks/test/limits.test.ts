/** The limits bench's fixed names, and that it counts no request beyond a limit that was not. */
import { expect, test } from 'vitest'
import { chartOf } from '../limits/chart.ts'
import { LOADS, mostWithin, type Overshoot } from '../limits/overshoot.ts'
import { overshootResults, speedResults, tableOf } from '../limits/report.ts'
import { OVERSHOOT_SIDES, SIDE_NAMES } from '../limits/sides.ts'
import { machine } from '../shared/results.ts'

const rounds = (perSecond: number, alone: boolean) => ({
  perSecond: Array<number>(10).fill(perSecond),
  p50: Array<number>(10).fill(1),
  p99: Array<number>(10).fill(2),
  redisCpu: alone ? [] : Array<number>(10).fill(10),
})

const measured = new Map(SIDE_NAMES.map((name, k) => [name, rounds(100 - k, name.includes(' memory'))]))
const overshoots: Overshoot[] = LOADS.flatMap(load =>
  OVERSHOOT_SIDES.map(side => ({
    side,
    ...load,
    overshootRequests: side.startsWith('atp') ? 0 : 250,
    overshootUsd: 0.5,
  })),
)

test('the results have the names that scripts rely on, ours with the ratio to the fastest rival of their place', () => {
  const speed = new Map(speedResults(measured).map(result => [result.name, result]))
  for (const side of SIDE_NAMES) {
    expect(speed.has(side) && speed.has(`${side} p50`) && speed.has(`${side} p99`)).toBe(true)
    expect(speed.has(`${side} redis cpu`)).toBe(side.endsWith('redis'))
  }
  expect(speed.get('atp redis')).toMatchObject({ library: 'atp', baseline: 'rate-limiter-flexible redis' })
  expect(speed.get('atp redis')?.ratio?.median).toBeCloseTo(100 / 99, 12)
  for (const ours of ['atp memory', 'atp memory typescript']) {
    expect(speed.get(ours)).toMatchObject({ baseline: 'rate-limiter-flexible memory' })
  }
})

test('overshoot is told in requests, in dollars, and in percent of what was allowed', () => {
  const results = overshootResults(overshoots)
  expect(results).toHaveLength(LOADS.length * OVERSHOOT_SIDES.length)
  expect(results.find(({ name }) => name === 'overshoot rate-limiter-flexible memory 4x1000')).toMatchObject({
    library: 'rate-limiter-flexible',
    overshootRequests: 250,
    overshootPercent: 50,
    overshootUsd: 0.5,
    overshootUsdPercent: 50,
  })
  expect(tableOf(speedResults(measured), overshoots, { machine: machine(), rounds: 10 })).toContain(
    '| @upstash/ratelimit redis | 250 (50%), $0.50 (50%) |',
  )
  expect(chartOf(overshoots)).toMatch(/^<svg[\s\S]*<\/svg>\n$/)
})

test('a request counts in an interval only if it was sent and answered within it', () => {
  expect(mostWithin([], 1_000)).toBe(0)
  const requests = [
    [0, 5],
    [10, 1_011],
    [900, 950],
    [999, 1_000],
    [999, 1_002],
    [2_500, 2_600],
  ] as const
  expect(mostWithin(requests, 1_000)).toBe(3)
})
