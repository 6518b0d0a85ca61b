/** The load bench's fixed names, and that it takes no wrong answer for a result. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { WHOLE_ANSWER } from '../load/answers.ts'
import { ClosedLoop, SCENARIOS, type Scenario } from '../load/closed-loop.ts'
import type { MeasuredScenario, Rounds } from '../load/measure.ts'
import { compare, resultsOf, tableOf } from '../load/report.ts'
import type { SideName } from '../load/servers.ts'
import { machine } from '../shared/results.ts'

const [whole, streamed] = SCENARIOS as [Scenario, Scenario]
const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean()
})

test('the results have the names that scripts rely on, each ratio with its baseline', () => {
  const results = resultsOf(compare([measured(whole), measured(streamed)]))
  const byName = new Map(results.map(result => [result.name, result]))
  expect([...byName.keys()]).toEqual(
    ['', '-stream'].flatMap(suffix => [
      `bare${suffix}`,
      `gateway${suffix}`,
      ...['p50', 'p99', 'cpu'].flatMap(figure => [
        `bare${suffix} ${figure}`,
        `gateway${suffix} ${figure}`,
        `gateway${suffix} ${figure} added`,
      ]),
    ]),
  )
  expect(byName.get('bare')).toMatchObject({ unit: 'requests/s', median: 1000, baseline: null, ratio: null })
  expect(byName.get('gateway')).toMatchObject({ median: 800, baseline: 'bare', ratio: { median: 0.8 } })
  expect(byName.get('gateway-stream p99 added')).toMatchObject({ unit: 'ms', median: 1 })
})

test('with limits it is compared with the gateway without them, which is told once', () => {
  const { scenario, sides } = measured(whole)
  const all = new Map([...sides, ['gateway-auth-limits' as const, rounds(600, 3)]])
  const results = resultsOf(compare([{ scenario, sides: all }]))
  const names = results.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  expect(results.find(({ name }) => name === 'gateway-auth-limits')).toMatchObject({
    median: 600,
    baseline: 'gateway',
    ratio: { median: 0.75 },
  })
  expect(results.find(({ name }) => name === 'gateway')).toMatchObject({ baseline: 'bare' })
  const run = { machine: machine(), rounds: 10, seconds: 1, connections: 32 }
  expect(tableOf(compare([{ scenario, sides: all }]), run)).toContain('- gateway-auth-limits: logging')
})

test('the table says logging, sampling and durability of both sides', () => {
  const run = { machine: machine(), rounds: 10, seconds: 1, connections: 32 }
  const lines = tableOf(compare([measured(whole)]), run).split('\n')
  for (const side of ['bare', 'gateway']) {
    const settings = lines.find(line => line.startsWith(`- ${side}:`))
    for (const name of ['logging', 'sampling', 'durability']) expect(settings).toContain(name)
  }
})

test('where the system tells no processor time its figures are left out', () => {
  const { scenario, sides } = measured(whole)
  const untold = { scenario, sides: new Map([...sides].map(([name, side]) => [name, { ...side, cpu: [] }])) }
  expect(resultsOf(compare([untold])).filter(({ name }) => name.includes('cpu'))).toEqual([])
})

test('a closed loop counts the answers that are exactly right', async () => {
  let answered = 0
  const loop = await loopAgainst(() => {
    answered += 1
    return { status: 200, body: WHOLE_ANSWER }
  })
  const load = await loop.run(whole, 0.05)
  expect(load.requests).toBe(answered)
  expect(load.latencies).toHaveLength(answered)
})

test('a closed loop counts an answer in other bytes that says the same, where that is right', async () => {
  const others = Buffer.from(WHOLE_ANSWER.toString().replace('{', '{ '))
  const loop = await loopAgainst(() => ({ status: 200, body: others }))
  const read: Buffer[] = []
  const saysTheSame = (answer: Buffer) => read.push(answer) > 0
  expect((await loop.run({ ...whole, saysTheSame }, 0.05)).requests).toBe(read.length)
  expect(read.every(answer => answer.equals(others))).toBe(true)
  await expect(loop.run({ ...whole, saysTheSame: () => false }, 60)).rejects.toThrow('an answer was wrong')
})

test.for([
  ['an error status', { status: 500, body: WHOLE_ANSWER }],
  ['a cut answer', { status: 200, body: WHOLE_ANSWER.subarray(0, -1) }],
  ['another answer', { status: 200, body: Buffer.alloc(WHOLE_ANSWER.length) }],
  ['a longer answer', { status: 200, body: Buffer.concat([WHOLE_ANSWER, WHOLE_ANSWER]) }],
] as const)('a closed loop ends at %s', async ([, answer]) => {
  const loop = await loopAgainst(() => answer)
  await expect(loop.run(whole, 60)).rejects.toThrow('an answer was wrong')
})

function measured(scenario: Scenario): MeasuredScenario {
  const sides = new Map<SideName, Rounds>([
    ['bare', rounds(1000, 1)],
    ['gateway', rounds(800, 2)],
  ])
  return { scenario, sides }
}

function rounds(requestsPerSecond: number, figure: number): Rounds {
  const all = (value: number): number[] => new Array(10).fill(value)
  return { requestsPerSecond: all(requestsPerSecond), p50: all(figure), p99: all(figure), cpu: all(figure) }
}

async function loopAgainst(answer: () => { status: number; body: Buffer }): Promise<ClosedLoop> {
  const server = createServer((request, response) => {
    const { status, body } = answer()
    request.resume().once('end', () => response.writeHead(status).end(body))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => server.close())
  const loop = new ClosedLoop(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 2)
  cleanups.unshift(() => loop.close())
  return loop
}
