/** The streams bench's fixed names, and what a chunk's figures are made of. */
import { expect, test } from 'vitest'
import type { Rounds } from '../load/measure.ts'
import { machine } from '../shared/results.ts'
import { FAST } from '../streams/answer.ts'
import { compare, resultsOf, tableOf } from '../streams/report.ts'
import type { SideName } from '../streams/sides.ts'

const rounds = (streamsPerSecond: number, cpuPerStream: number): Rounds => {
  const all = (value: number): number[] => new Array(10).fill(value)
  return { requestsPerSecond: all(streamsPerSecond), p50: all(1), p99: all(1), cpu: all(cpuPerStream) }
}

const sides = new Map<SideName, Rounds>([
  ['pipe', rounds(50, 8_000)],
  ['gateway', rounds(40, 10_000)],
  ['gateway-ai-sdk', rounds(10, 20_000)],
])
const paced = new Map<SideName, Rounds>([
  ['pipe', rounds(20, 20_000)],
  ['gateway', rounds(20, 30_000)],
  ['gateway-ai-sdk', rounds(20, 40_000)],
])

test('an answer that was translated is right where it has all tokens and an end', () => {
  const { answer, saysTheSame } = FAST
  const translated = answer.toString().replaceAll('chatcmpl-bench', 'msg_bench')
  expect(saysTheSame?.(Buffer.from(translated))).toBe(true)
  for (const lack of ['" token7"', '"stop"', 'data: [DONE]\n\n']) {
    expect(saysTheSame?.(Buffer.from(translated.replace(lack, lack.startsWith('"') ? '""' : '')))).toBe(false)
  }
})

test('the results have the names that scripts rely on, for each chunk of a stream', () => {
  const results = resultsOf(compare(sides, paced))
  expect(results.map(({ name, unit, median, baseline }) => [name, unit, median, baseline])).toEqual([
    ['pipe', 'chunks/s', 50_000, null],
    ['pipe cpu', 'µs', 8, null],
    ['pipe-paced', 'chunks/s', 20_000, null],
    ['pipe-paced cpu', 'µs', 20, null],
    ['gateway', 'chunks/s', 40_000, 'pipe'],
    ['gateway cpu', 'µs', 10, 'pipe cpu'],
    ['gateway cpu added', 'µs', 2, null],
    ['gateway-paced', 'chunks/s', 20_000, 'pipe-paced'],
    ['gateway-paced cpu', 'µs', 30, 'pipe-paced cpu'],
    ['gateway-paced cpu added', 'µs', 10, null],
    ['gateway-ai-sdk', 'chunks/s', 10_000, 'pipe'],
    ['gateway-ai-sdk cpu', 'µs', 20, 'pipe cpu'],
    ['gateway-ai-sdk cpu added', 'µs', 12, null],
    ['gateway-ai-sdk-paced', 'chunks/s', 20_000, 'pipe-paced'],
    ['gateway-ai-sdk-paced cpu', 'µs', 40, 'pipe-paced cpu'],
    ['gateway-ai-sdk-paced cpu added', 'µs', 20, null],
  ])
  expect(results.find(({ name }) => name === 'gateway')?.ratio?.median).toBe(0.8)
})

test('the table says what both sides ran with', () => {
  const run = { machine: machine(), rounds: 10, seconds: 1 }
  const table = tableOf(compare(sides, paced), run)
  for (const side of ['pipe', 'gateway', 'gateway-ai-sdk']) {
    const settings = table.split('\n').find(line => line.startsWith(`- ${side}:`))
    for (const name of ['logging', 'sampling', 'durability']) expect(settings).toContain(name)
  }
})

test('where the system tells no processor time its figures are left out', () => {
  const untold = new Map([...sides].map(([name, side]) => [name, { ...side, cpu: [] }]))
  expect(resultsOf(compare(untold, untold)).map(({ name }) => name)).toEqual([
    'pipe',
    'pipe-paced',
    'gateway',
    'gateway-paced',
    'gateway-ai-sdk',
    'gateway-ai-sdk-paced',
  ])
})
