import { loadNative, PROMPT_FEATURES } from '@atp/native'
import { describe, expect, it } from 'vitest'
import type { RecordedData } from '../routing/data.ts'
import { type Played, play } from '../routing/play.ts'
import { POLICIES } from '../routing/policies.ts'
import { SCENARIOS, type Scenario } from '../routing/scenarios.ts'
import { shuffle } from '../routing/shuffle.ts'
import { playThroughGateway } from '../routing/through-gateway.ts'

/** Some 40 times what it takes: it detects a hang. */
const DEADLINE_MS = 240_000
const BUDGET_USD = 0.002
const SEEDS = [1, 2, 3]

const native = loadNative()

/** One model is good at sums, one at stories, one at both and ten times as dear. */
const DATA: RecordedData = {
  arms: ['sums', 'stories', 'both'],
  rows: Array.from({ length: 600 }, (_, row) => {
    const isSum = row % 2 === 0
    const prompt = isSum
      ? `What is ${row} * 17 + ${3 * row}? Show each step.`
      : `Tell me a story of number ${row}`
    const features = new Float64Array(PROMPT_FEATURES)
    native.promptFeatures(prompt, features)
    const rewards = isSum ? [0.9, 0.4, 0.9] : [0.4, 0.9, 0.9]
    return { prompt, features, rewards, costs: [0.001, 0.001, 0.01] }
  }),
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

describe('the gateway', () => {
  it(
    'earns on recorded rows over HTTP what the harness says, inside the budget',
    async () => {
      const harness = SEEDS.map(seed => {
        const shuffled = shuffle(DATA.rows, DATA.arms.length, seed)
        const policy = POLICIES.atp?.({ hashes: shuffled.hashes, budgetUsd: BUDGET_USD, seed })
        if (policy === undefined) throw new Error('there is no policy atp')
        return play(policy, shuffled, SCENARIOS[0] as Scenario, BUDGET_USD).reward
      })
      const routed: Played[] = []
      for (const seed of SEEDS) routed.push(await playThroughGateway(DATA, seed, BUDGET_USD))
      // Blind choice inside the budget earns 0.65 to 0.7, the best choice by prompt 0.9.
      expect(mean(harness)).toBeGreaterThan(0.84)
      expect(Math.abs(mean(routed.map(({ reward }) => reward)) - mean(harness))).toBeLessThan(0.02)
      for (const { costUsd } of routed) expect(costUsd).toBeLessThanOrEqual(BUDGET_USD * 1.005)
    },
    DEADLINE_MS,
  )
})
