import { typescriptNative } from '@atp/native'
import { describe, expect, it } from 'vitest'
import { InProcessSums } from '../../src/replication/index.ts'
import { encodeFeatures, featuresOf } from '../../src/routing/index.ts'
import { chance, Learner } from './learners.ts'

const START = 1_700_000_000_000
const REPLICAS = 8
const MODELS = ['a', 'b', 'c']
/** So close that to tell them apart takes more than an eighth of the requests. */
const MEANS = [0.88, 0.9, 0.88]
const BEST = 1
const DECISIONS = 30_000
const SEEDS = process.env.ATP_VERIFY === 'full' ? 20 : 6

type Togetherness = 'one' | 'together' | 'apart'

/** Requests go to the replicas in turn. @returns what was lost to always choosing the best arm */
async function regretOf(how: Togetherness, requestsPerSecond: number, seed: number): Promise<number> {
  const sums = new InProcessSums()
  const size = how === 'one' ? 1 : REPLICAS
  const learners = Array.from({ length: size }, (_, k) => new Learner(`${k}`, MODELS, sums))
  let regret = 0
  for (let decision = 0; decision < DECISIONS; decision++) {
    const now = START + (decision * 1_000) / requestsPerSecond
    if (how === 'together' && decision % requestsPerSecond === 0) {
      for (const learner of learners) await learner.exchange()
    }
    const learner = learners[decision % size] as Learner
    const arm = learner.choose(seed * DECISIONS + decision, now)
    const quality = chance(seed, decision, arm) < (MEANS[arm] as number) ? 1 : 0
    learner.learn(arm, { quality, at: now })
    regret += (MEANS[BEST] as number) - (MEANS[arm] as number)
  }
  return regret
}

async function meanRegret(how: Togetherness, requestsPerSecond: number): Promise<number> {
  let sum = 0
  for (let seed = 0; seed < SEEDS; seed++) sum += await regretOf(how, requestsPerSecond, seed)
  return sum / SEEDS
}

describe('eight replicas that exchange each second, against one learner that sees everything', {
  timeout: 180_000,
}, () => {
  it.each([10, 100, 1_000])(
    'lose hardly more at %i requests a second, where replicas that share nothing lose much more',
    async rate => {
      const [one, together, apart] = [
        await meanRegret('one', rate),
        await meanRegret('together', rate),
        await meanRegret('apart', rate),
      ]
      expect(together).toBeLessThanOrEqual(1.2 * one)
      expect(apart).toBeGreaterThan(1.2 * one)
      // Of the reward they lose less than 2%.
      const reward = (regret: number) => DECISIONS * (MEANS[BEST] as number) - regret
      expect(reward(together)).toBeGreaterThan(0.98 * reward(one))
    },
  )

  it('know the same again after half of them were cut off for a minute', async () => {
    const sums = new InProcessSums()
    const learners = Array.from({ length: REPLICAS }, (_, k) => new Learner(`${k}`, MODELS, sums))
    const one = new Learner('one', MODELS)
    for (let second = 0; second < 180; second++) {
      const connected = learners.filter((_, at) => at % 2 === 0 || second < 60 || second >= 120)
      for (const learner of connected) await learner.exchange()
      const now = START + second * 1_000
      for (const [at, learner] of learners.entries()) {
        const arm = learner.choose(second, now)
        const figures = { quality: chance(second, at, arm) < (MEANS[arm] as number) ? 1 : 0, at: now }
        for (const each of [learner, one]) each.learn(arm, figures)
      }
    }
    await quiesce(learners)
    for (const learner of learners) expectSameFigures(learner, one, 9)
  })
})

/** Two rounds: in the first each tells, in the second each hears. */
async function quiesce(learners: readonly Learner[]): Promise<void> {
  for (const learner of [...learners, ...learners]) await learner.exchange()
}

it('replicas add up, part by part, to what one that saw everything has learned', async () => {
  const sums = new InProcessSums()
  const learners = Array.from({ length: 3 }, (_, k) => new Learner(`${k}`, MODELS, sums))
  const one = new Learner('one', MODELS)
  const features = ['Prove it.', 'What is 17 * 23?', 'Write a poem.'].map(text =>
    encodeFeatures(featuresOf(text, typescriptNative)),
  )
  for (let step = 0; step < 600; step++) {
    const at = START + step * 10
    const arm = step % 3
    const figures = {
      outcome: step % 50 === 0 ? ('error' as const) : ('success' as const),
      quality: chance('quality', step),
      latency: 100 + 1_000 * chance('latency', step),
      outputTokens: Math.ceil(400 * chance('tokens', step)),
      at,
    }
    const encoded = features[step % 3] as string
    learners[Math.floor(chance('replica', step) * 3)]?.learn(arm, figures, encoded)
    one.learn(arm, figures, encoded)
    if (step % 7 === 0) for (const learner of learners) await learner.exchange()
  }
  await quiesce(learners)
  for (const learner of learners) expectSameFigures(learner, one, 6)
})

/** Squared errors are of what was expected when a target came: that replicas know of each other a second later. */
const OF_ERRORS = { 'regression/37': [1], 'lengths/37': [1], errors: [2] } as Record<string, number[]>

function expectSameFigures(some: Learner, one: Learner, digits: number): void {
  for (const key of one.state.sharedKeys()) {
    const [found, wanted] = [some.state.partsOf(key), one.state.partsOf(key)]
    expect(new Set(found.keys())).toEqual(new Set(wanted.keys()))
    for (const [name, part] of wanted) {
      const shift = part.first - (found.get(name)?.first ?? 0)
      for (const [k, figure] of part.figures.entries()) {
        const other = found.get(name)?.figures[k + shift] as number
        if (OF_ERRORS[name]?.includes(k)) expect(other / figure).toBeCloseTo(1, 0)
        else expect(other, `${key} ${name} ${k}`).toBeCloseTo(figure, digits)
      }
    }
  }
}
