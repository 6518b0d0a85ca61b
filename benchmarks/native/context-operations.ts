/** Decisions of tenants and tasks: the context is looked up as a gateway does, and the decision is one call. */
import { systemClock } from '@atp/core/clock'
import type { ArmId } from '@atp/core/ids'
import type { ContextRepository } from '@atp/domain/observation'
import { type ContextKey, ContextStore } from '@atp/domain/routing'
import type { Operation } from './operations.ts'
import { linearDecider, START, warmBandit } from './warm-bandits.ts'

const ARMS = 8
const FEATURES = 26
const LINEAR_ARMS = 3
/** A prime, so that who comes next is never who came just before, in memory or in time. */
const STRIDE = 7_919

/** Nothing was stored of anybody. */
const NOTHING: ContextRepository = {
  loadContext: async () => null,
  saveContexts: async () => {},
  contextsAhead: async () => [],
}

export const CONTEXT_OPERATIONS: readonly Operation[] = [1, 1_000, 100_000].flatMap(count => {
  const among = `${count.toLocaleString('en')} ${count === 1 ? 'context' : 'contexts'}`
  return [
    {
      name: `decision-8-arms-${count}-contexts`,
      title: `decision of 8 arms, Thompson, among ${among}`,
      calls: 100,
      prepare: native => {
        const bandit = warmBandit(native, ARMS)
        const next = contextsInTurn(count, ARMS)
        const weights = new Float64Array(ARMS).fill(1)
        const penalties = new Float64Array(ARMS).fill(0.1)
        const qualities = new Float64Array(ARMS)
        return k => {
          bandit.select('thompson', k, 7, START, weights, penalties, qualities, next()?.qualities)
        }
      },
    },
    {
      name: `linear-decision-26-features-3-arms-${count}-contexts`,
      title: `linear Thompson, 26 features, 3 arms, among ${among}: decision`,
      calls: 100,
      prepare: native => {
        const { decide } = linearDecider(native, FEATURES, LINEAR_ARMS)
        const next = contextsInTurn(count, LINEAR_ARMS)
        return k => {
          decide(k, next()?.residuals)
        }
      },
    },
  ] satisfies Operation[]
})

function contextsInTurn(count: number, arms: number): () => ReturnType<ContextStore['find']> {
  const { store, keys } = contextsOf(count, arms)
  let at = 0
  return () => {
    at = (at + STRIDE) % count
    return store.find(keys[at] as ContextKey)
  }
}

/** A store that holds so many contexts, each with experience of each arm. */
export function contextsOf(count: number, arms: number) {
  const options = { repository: NOTHING, capacity: count, clock: systemClock, warn: console.warn }
  const store = new ContextStore(options, Number.POSITIVE_INFINITY)
  for (let arm = 0; arm < arms; arm += 1) store.addArm(`up/${arm}` as ArmId)
  const keys = Array.from({ length: count }, (_, n) => ({ tenant: `tenant ${n % 100}`, task: `task ${n}` }))
  for (const key of keys) {
    const figures = store.find(key)
    for (const sums of [figures?.qualities, figures?.residuals]) {
      for (let arm = 0; arm < arms; arm += 1) sums?.set([5 + arm, 2, START], 3 * arm)
    }
  }
  return { store, keys }
}
