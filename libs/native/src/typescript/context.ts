/**
 * What one context (a tenant and its task) has seen beside what the bandit learned from everybody: of each arm two decayed
 * sums and their time, in an array that the caller keeps. The Rust twin, which says more, is `atp_math::context`.
 */
import { checkFloats } from '../argument-types.ts'
import { CONTEXT_FIGURES } from '../types.ts'
import { checkLength } from './checks.ts'
import { pow2 } from './elementary.ts'

/** What the parent counts for, in observations: the ratio of the variance of single targets to that of contexts' means. */
const STRENGTH = 20
/** Sums saturate here: beyond, an observation no longer changes a double. */
const SUM_MAX = 1e15

/** The lowest sum of successes and failures, and of what targets exceeded their expectation by. */
export const COUNTED = 0
export const SIGNED = -SUM_MAX

/** What the root, which is no context, passes for one. */
export const NO_CONTEXT = new Float64Array(0)

export function checkContext(context: Float64Array, arms: number, lowest: number): void {
  checkFloats('context', context)
  if (context.length === 0) return
  checkLength('context', context.length, CONTEXT_FIGURES * arms)
  for (let at = 0; at < context.length; at += CONTEXT_FIGURES) {
    const [first, second, time] = [context[at], context[at + 1], context[at + 2]] as [number, number, number]
    const legal = first >= 0 && first <= SUM_MAX && second >= lowest && second <= SUM_MAX
    if (legal && time >= 0 && time <= Number.MAX_VALUE) continue
    throw new RangeError(`context has illegal figures for arm ${at / CONTEXT_FIGURES}`)
  }
}

/** Adds to both sums of an arm what was observed at `time`; nothing where there is no context. */
export function addToContext(
  context: Float64Array,
  arm: number,
  first: number,
  second: number,
  time: number,
  halfLifeMs: number,
): void {
  if (context.length === 0) return
  const at = CONTEXT_FIGURES * arm
  const kept = weightAt(context, at, time, halfLifeMs)
  context[at] = Math.min((context[at] as number) * kept + first, SUM_MAX)
  const sum = (context[at + 1] as number) * kept + second
  context[at + 1] = Math.min(Math.max(sum, -SUM_MAX), SUM_MAX)
  context[at + 2] = Math.max(context[at + 2] as number, time)
}

/**
 * Puts [alpha, beta] of an arm in a context where those of its parent were. Its own answers are in the parent's too: what the
 * others taught is the rest, at least the arm's prior.
 */
export function poolPosterior(
  posteriors: Float64Array,
  arm: number,
  priorAlpha: number,
  priorBeta: number,
  context: Float64Array,
  now: number,
  halfLifeMs: number,
): void {
  const at = CONTEXT_FIGURES * arm
  const weight = weightAt(context, at, now, halfLifeMs)
  const successes = (context[at] as number) * weight
  const failures = (context[at + 1] as number) * weight
  const alpha = Math.max((posteriors[2 * arm] as number) - successes, priorAlpha)
  const beta = Math.max((posteriors[2 * arm + 1] as number) - failures, priorBeta)
  const share = Math.min(STRENGTH / (alpha + beta), 1)
  posteriors[2 * arm] = alpha * share + successes
  posteriors[2 * arm + 1] = beta * share + failures
}

/** What a context adds to an arm's expectation: the best prediction of a random intercept (Laird & Ware 1982). */
export function offsetOf(context: Float64Array, arm: number, now: number, halfLifeMs: number): number {
  if (context.length === 0) return 0
  const at = CONTEXT_FIGURES * arm
  const weight = weightAt(context, at, now, halfLifeMs)
  return ((context[at + 1] as number) * weight) / ((context[at] as number) * weight + STRENGTH)
}

/** The variance of that, where a target's own is 1. */
export function offsetVariance(context: Float64Array, arm: number, now: number, halfLifeMs: number): number {
  if (context.length === 0) return 0
  const at = CONTEXT_FIGURES * arm
  return 1 / ((context[at] as number) * weightAt(context, at, now, halfLifeMs) + STRENGTH)
}

/** What evidence seen at the context's time weighs at `now`: 1/2 a half-life, and 1 where `now` is earlier. */
function weightAt(context: Float64Array, at: number, now: number, halfLifeMs: number): number {
  const time = context[at + 2] as number
  return now > time ? pow2((time - now) / halfLifeMs) : 1
}
