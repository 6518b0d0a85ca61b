/** What is measured: each operation on an implementation with warm state, as a gateway calls it. */
import { type NativeModule, PROMPT_FEATURES, type StrategyName } from '@atp/native'
import { CONTEXT_OPERATIONS } from './context-operations.ts'
import { HALF_LIFE_MS, linearDecider, START, warmBandit, warmLinear } from './warm-bandits.ts'

export interface Operation {
  readonly name: string
  readonly title: string
  /** Calls a sample, so that one sample takes some 100 microseconds and the timer's own cost vanishes. */
  readonly calls: number
  readonly prepare: (native: NativeModule) => (call: number) => void
}

const BATCH = 1_000

/** [features, arms, decisions a sample] */
const LINEAR_SIZES = [
  [26, 3, 100],
  [26, 8, 50],
  [26, 32, 10],
  [64, 3, 20],
  [64, 8, 10],
  [64, 32, 2],
] as const

export const OPERATIONS: readonly Operation[] = [
  { name: 'call', title: 'a call that does next to nothing', calls: 1_000, prepare: call },
  {
    name: 'decision-2-arms',
    title: 'decision of 2 arms, Thompson',
    calls: 200,
    prepare: decision(2, 'thompson'),
  },
  {
    name: 'decision-8-arms',
    title: 'decision of 8 arms, Thompson',
    calls: 100,
    prepare: decision(8, 'thompson'),
  },
  {
    name: 'decision-32-arms',
    title: 'decision of 32 arms, Thompson',
    calls: 20,
    prepare: decision(32, 'thompson'),
  },
  { name: 'decision-8-arms-ucb', title: 'decision of 8 arms, UCB', calls: 200, prepare: decision(8, 'ucb') },
  {
    name: 'decision-8-arms-greedy',
    title: 'decision of 8 arms, greedy',
    calls: 200,
    prepare: decision(8, 'greedy'),
  },
  {
    name: 'batch-1000-decisions',
    title: 'batch of 1,000 decisions of 8 arms, Thompson',
    calls: 1,
    prepare: decisions,
  },
  { name: 'update', title: 'update of an arm', calls: 1_000, prepare: update },
  { name: 'batch-1000-updates', title: 'batch of 1,000 updates', calls: 10, prepare: updates },
  ...LINEAR_SIZES.flatMap(linearOperations),
  {
    name: 'prompt-features-4-kib',
    title: 'features of a 4 KiB prompt',
    calls: 10,
    prepare: promptFeatures,
  },
  {
    name: 'linear-batch-1000-decisions',
    title: 'batch of 1,000 decisions of 8 arms, 26 features, linear Thompson',
    calls: 1,
    prepare: linearDecisions,
  },
  ...CONTEXT_OPERATIONS,
  { name: 'window-update', title: 'window update', calls: 1_000, prepare: windowUpdate },
  { name: 'sketch-update', title: 'sketch update', calls: 1_000, prepare: sketchUpdate },
  { name: 'sketch-quantile', title: 'sketch quantile (p95)', calls: 100, prepare: sketchQuantile },
]

function call(native: NativeModule) {
  const window = native.createSlidingWindow(60_000_000)
  return () => {
    window.count(1)
  }
}

function decision(arms: number, strategy: StrategyName) {
  return (native: NativeModule) => {
    const bandit = warmBandit(native, arms)
    const weights = new Float64Array(arms).fill(1)
    const penalties = new Float64Array(arms).fill(0.1)
    const qualities = new Float64Array(arms)
    return (k: number) => {
      bandit.select(strategy, k, 7, START + k, weights, penalties, qualities)
    }
  }
}

function decisions(native: NativeModule) {
  const bandit = warmBandit(native, 8)
  const seeds = Uint32Array.from({ length: 2 * BATCH }, (_, k) => k)
  const weights = new Float64Array(8).fill(1)
  const penalties = new Float64Array(8).fill(0.1)
  const chosen = new Int32Array(BATCH)
  return (k: number) => {
    bandit.selectBatch('thompson', seeds, START + k, weights, penalties, chosen)
  }
}

function linearOperations([dimension, arms, calls]: (typeof LINEAR_SIZES)[number]): Operation[] {
  const size = `linear Thompson, ${dimension} features, ${arms} arms`
  const name = `${dimension}-features-${arms}-arms`
  return [
    {
      name: `linear-decision-${name}`,
      title: `${size}: decision`,
      calls,
      prepare: linearDecision(dimension, arms),
    },
    {
      name: `linear-cycle-${name}`,
      title: `${size}: decision and update`,
      calls: Math.ceil(calls / 2),
      prepare: linearCycle(dimension, arms),
    },
  ]
}

function linearDecision(dimension: number, arms: number) {
  return (native: NativeModule) => {
    const { decide } = linearDecider(native, dimension, arms)
    return (k: number) => {
      decide(k)
    }
  }
}

function linearDecisions(native: NativeModule) {
  const [dimension, arms] = [26, 8]
  const { bandit, contexts } = warmLinear(native, dimension, arms)
  const seeds = Uint32Array.from({ length: 2 * BATCH }, (_, k) => k)
  const features = new Float64Array(BATCH * dimension)
  for (let k = 0; k < BATCH; k += 1) {
    features.set(contexts[k % contexts.length] as Float64Array, dimension * k)
  }
  const weights = new Float64Array(arms).fill(1)
  const penalties = new Float64Array(arms).fill(0.1)
  const chosen = new Int32Array(BATCH)
  return () => {
    bandit.selectBatch('thompson', seeds, START, features, weights, penalties, chosen)
  }
}

function linearCycle(dimension: number, arms: number) {
  return (native: NativeModule) => {
    const { bandit, contexts, decide } = linearDecider(native, dimension, arms)
    return (k: number) => {
      const arm = decide(k)
      bandit.update(arm, contexts[k % contexts.length] as Float64Array, (k % 10) / 10, 1, START)
    }
  }
}

function update(native: NativeModule) {
  const bandit = warmBandit(native, 8)
  return (k: number) => {
    bandit.update(k & 7, 0.75, START + k)
  }
}

function updates(native: NativeModule) {
  const bandit = warmBandit(native, 8)
  const arms = Uint32Array.from({ length: BATCH }, (_, k) => k & 7)
  const rewards = Float64Array.from({ length: BATCH }, (_, k) => (k % 10) / 10)
  const times = Float64Array.from({ length: BATCH }, (_, k) => START + k)
  return () => {
    bandit.updateBatch(arms, rewards, times)
  }
}

/** A new string each time, as a request brings it. */
function promptFeatures(native: NativeModule) {
  const lines = Array.from(
    { length: 60 },
    (_, k) => `${k}. Explain in plain words what the function below returns for n = ${17 * k}, and why.\n`,
  )
  const prompt = Buffer.from(lines.join('').slice(0, 4_096))
  const out = new Float64Array(PROMPT_FEATURES)
  return () => {
    native.promptFeatures(prompt.toString('latin1'), out)
  }
}

function windowUpdate(native: NativeModule) {
  const window = native.createSlidingWindow(60_000_000)
  let now = 1_000 * START
  return () => {
    now += 5_000
    window.add(now, 1)
  }
}

function sketchUpdate(native: NativeModule) {
  const sketch = native.createLatencySketch(HALF_LIFE_MS)
  return (k: number) => {
    sketch.record(200 + k, START + k)
  }
}

function sketchQuantile(native: NativeModule) {
  const sketch = native.createLatencySketch(HALF_LIFE_MS)
  for (let k = 0; k < 2_000; k += 1) sketch.record(50 + k, START + k)
  return () => {
    sketch.quantile(0.95)
  }
}
