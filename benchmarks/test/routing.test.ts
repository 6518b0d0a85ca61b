import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readRecorded } from '../routing/data.ts'
import { hindsight } from '../routing/hindsight.ts'
import { play } from '../routing/play.ts'
import { SCENARIOS } from '../routing/scenarios.ts'
import { shuffle } from '../routing/shuffle.ts'

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'atp-routing-'))
})

afterEach(() => rmSync(directory, { recursive: true }))

/** The dear model is better at sums, and no better elsewhere. */
function recorded(rows: number): string {
  const file = join(directory, 'data.jsonl')
  const lines = Array.from({ length: rows }, (_, row) => {
    const sums = row % 2 === 0
    const prompt = sums
      ? `What is ${row} * 17 + ${3 * row}? Show each step.`
      : `Tell me a story of number ${row}`
    const arms = {
      cheap: { reward: sums ? 0.3 : 0.9, cost: 0.001 },
      dear: { reward: 0.9, cost: 0.01 },
    }
    // A line separator within a prompt ends no line.
    return JSON.stringify({ prompt: `${prompt}\u2028`, arms }).replaceAll('\\u2028', '\u2028')
  })
  writeFileSync(file, `${lines.join('\n')}\n`)
  return file
}

describe('hindsight', () => {
  it('knows the best fixed model, the best mix, and the best choice per prompt', () => {
    const { rows, arms } = readRecorded(recorded(100))
    const found = new Map(hindsight(rows, arms, 0.006).map(result => [result.policy, result]))
    expect(found.get('always cheap')).toMatchObject({ reward: expect.closeTo(0.6, 9) })
    expect(found.get('best fixed inside the budget')).toMatchObject({ reward: expect.closeTo(0.6, 9) })
    expect(found.get('best static mix')).toMatchObject({
      reward: expect.closeTo(0.6 + (0.3 * 5) / 9, 9),
      costUsd: expect.closeTo(0.006, 9),
    })
    expect(found.get('clairvoyant inside the budget')).toMatchObject({ reward: expect.closeTo(0.9, 9) })
    expect(found.get('oracle')).toMatchObject({ reward: expect.closeTo(0.9, 9) })
  })
})

describe('a play', () => {
  it('gives a policy what it chose, and tells how far the spend went beyond the budget', () => {
    const { rows, arms } = readRecorded(recorded(2_000))
    const shuffled = shuffle(rows, arms.length, 1)
    const dear = shuffled.recorded.indexOf(1)
    const seen: (number | null)[] = []
    const policy = {
      welcome: () => undefined,
      choose: () => dear,
      learn: (_arm: number, _features: Float64Array, reward: number | null) => seen.push(reward),
    }
    const scenario = SCENARIOS.find(({ name }) => name === 'feedback on 10%')
    const played = play(policy, shuffled, scenario as (typeof SCENARIOS)[number], 0.005)
    expect(played).toMatchObject({ reward: expect.closeTo(0.9, 9), costUsd: expect.closeTo(0.01, 9) })
    // 1,000 rows of twice the budget, less one answer.
    expect(played.overspend).toBeCloseTo((1_000 * 0.01 - 0.01) / (1_000 * 0.005) - 1, 9)
    const judged = seen.filter(reward => reward !== null).length
    expect(judged).toBeGreaterThan(100)
    expect(judged).toBeLessThan(300)
  })
})

describe('npm run bench:routing', () => {
  const run = (...args: string[]) =>
    promisify(execFile)(process.execPath, [
      '--conditions=@atp/source',
      join(import.meta.dirname, '../routing/run.ts'),
      ...args,
    ])

  it('writes routing.json: the policy that users get beats the best blind mix, inside the budget', async () => {
    const out = join(directory, 'out')
    const data = recorded(1_500)
    await run(
      '--data',
      data,
      '--shuffles',
      '5',
      '--budgets',
      '0.0055',
      '--scenario',
      'stationary',
      '--out',
      out,
    )
    const { results } = JSON.parse(readFileSync(join(out, 'routing.json'), 'utf8'))
    const of = (policy: string) => results.find((result: { policy: string }) => result.policy === policy)
    expect(of('atp')).toMatchObject({ scenario: 'stationary', budgetUsd: 0.0055 })
    expect(of('atp').reward.low).toBeGreaterThan(of('best static mix').reward.mean)
    expect(of('atp').costUsd.mean).toBeLessThanOrEqual(0.0055 * 1.005)
    expect(of('atp').worstOverspend).toBeLessThanOrEqual(0.02)
    const { chooseUs, learnUs, cyclesPerSecond } = of('atp').speed
    expect(Math.min(chooseUs, learnUs)).toBeGreaterThan(0)
    expect(cyclesPerSecond).toBeGreaterThan(0)
  })

  it('says what is wrong with its options and its data', async () => {
    await expect(run()).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('--data') })
    const file = join(directory, 'bad.jsonl')
    writeFileSync(
      file,
      '{"prompt": "hi", "arms": {"a": {"reward": 2, "cost": 0}, "b": {"reward": 1, "cost": 0}}}\n',
    )
    await expect(run('--data', file)).rejects.toMatchObject({ stderr: expect.stringContaining('line 1') })
  })
})
