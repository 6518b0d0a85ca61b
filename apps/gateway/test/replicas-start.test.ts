import { ManualClock } from '@atp/core/clock'
import type { ArmId } from '@atp/core/ids'
import { createLogger } from '@atp/core/logging'
import { SeededRandom } from '@atp/core/random'
import { InProcessSums, type SharedSums } from '@atp/domain/replication'
import { type Arm, LearnedState } from '@atp/domain/routing'
import { typescriptNative } from '@atp/native'
import { expect, it, onTestFinished } from 'vitest'
import { NO_CONTEXTS } from '../src/learned-state-of.ts'
import { Replicas } from '../src/replication/replicas.ts'

const arm = {
  id: 'up/small' as ArmId,
  qualityPrior: { mean: 0.5, strength: 2 },
  expectedOutputTokens: 100,
  expectedLatencyMs: 1_000,
  maxOutputTokens: 4_000,
} as Arm

it('a replica has started when it knows what the others know', async () => {
  const clock = new ManualClock()
  const answering = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  const all = new InProcessSums()
  const sums: SharedSums = {
    read: async (key, replica) => {
      asked.resolve()
      await answering.promise
      return all.read(key, replica)
    },
    add: (key, telling) => all.add(key, telling),
    seed: (key, seed) => all.seed(key, seed),
  }
  const blank = (): LearnedState => {
    const learned = new LearnedState({
      native: typescriptNative,
      halfLifeMs: Number.POSITIVE_INFINITY,
      reliabilityHalfLifeMs: 60_000,
      ucbExploration: 1,
      contexts: { repository: NO_CONTEXTS, capacity: 10, clock, warn: () => undefined },
    })
    learned.of(arm)
    return learned
  }
  const replicas = new Replicas({
    sums,
    learned: blank(),
    blank,
    progress: { appliedSequence: 0 },
    observations: { after: async () => [] },
    replica: 'a',
    intervalMs: 60_000,
    clock,
    random: new SeededRandom(1),
    metrics: { exchanged: () => undefined },
    log: createLogger({ level: 'silent' }),
  })
  onTestFinished(() => replicas.stop())
  let hasStarted = false
  const started = replicas.start(null).then(() => {
    hasStarted = true
  })
  await asked.promise
  await new Promise(setImmediate)
  expect(hasStarted).toBe(false)
  answering.resolve()
  await started
  expect(replicas.readiness().status).toBe('ok')
})
