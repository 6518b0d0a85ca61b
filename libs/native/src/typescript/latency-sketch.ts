/**
 * Decayed latency quantiles: logarithmic buckets (DDSketch, Masson et al. 2019) under forward decay (Cormode et al. 2009):
 * a value seen at t weighs 2^((t - landmark) / halfLife), and the landmark moves before weights grow past 2^20.
 */
import { checkFloats } from '../argument-types.ts'
import type { LatencySketch } from '../types.ts'
import { checkFinite, checkHalfLife, checkInteger } from './checks.ts'
import { ln, pow2 } from './elementary.ts'

const SNAPSHOT_VERSION = 1
/** [version, latest time, landmark, first bucket], before the weights. */
const HEADER = 4
const VALUE_MIN = 0.1
const VALUE_MAX = 3_600_000
const ACCURACY = 0.01
const GROWTH = (1 + ACCURACY) / (1 - ACCURACY)
const LN_GROWTH = ln(GROWTH)
const FIRST_INDEX = Math.ceil(ln(VALUE_MIN) / LN_GROWTH)
const BUCKETS = Math.ceil(ln(VALUE_MAX) / LN_GROWTH) - FIRST_INDEX + 1
/** 2^(i * LOG2_GROWTH) is the upper bound of the bucket of index i. */
const LOG2_GROWTH = LN_GROWTH / ln(2)
const REBASE_HALF_LIVES = 20
const WEIGHT_MAX = 1e21

export class TypeScriptLatencySketch implements LatencySketch {
  readonly #halfLifeMs: number
  readonly #weights = new Float64Array(BUCKETS)
  #total = 0
  #latest = 0
  #landmark = 0

  constructor(halfLifeMs: number) {
    checkHalfLife('halfLifeMs', halfLifeMs)
    this.#halfLifeMs = halfLifeMs
  }

  record(valueMs: number, now: number): void {
    checkFinite('valueMs', valueMs, 0)
    checkFinite('now', now, 0)
    this.#moveTo(now)
    const weight = pow2((this.#latest - this.#landmark) / this.#halfLifeMs)
    const bucket = bucketOf(valueMs)
    this.#weights[bucket] = (this.#weights[bucket] as number) + weight
    this.#total += weight
  }

  quantile(q: number): number {
    checkFinite('q', q, 0, 1)
    const rank = q * this.#total
    let sum = 0
    let last = -1
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      const weight = this.#weights[bucket] as number
      if (weight === 0) continue
      sum += weight
      last = bucket
      if (sum >= rank) break
    }
    return last < 0 ? Number.NaN : centreOf(last)
  }

  count(now: number): number {
    checkFinite('now', now, 0)
    const time = Math.max(now, this.#latest)
    return this.#total * pow2((this.#landmark - time) / this.#halfLifeMs)
  }

  snapshot(): Float64Array {
    const used = this.#usedRange()
    const snapshot = new Float64Array(HEADER + used.end - used.start)
    snapshot.set([SNAPSHOT_VERSION, this.#latest, this.#landmark, used.start])
    snapshot.set(this.#weights.subarray(used.start, used.end), HEADER)
    return snapshot
  }

  restore(snapshot: Float64Array): void {
    checkSnapshot(snapshot)
    this.#weights.fill(0)
    this.#weights.set(snapshot.subarray(HEADER), snapshot[3] as number)
    this.#latest = snapshot[1] as number
    this.#landmark = snapshot[2] as number
    this.#sum()
  }

  merge(snapshot: Float64Array): void {
    checkSnapshot(snapshot)
    if (snapshot.length === HEADER) return
    const latest = snapshot[1] as number
    const landmark = snapshot[2] as number
    const first = snapshot[3] as number
    if (this.#total === 0) this.#landmark = landmark
    if (landmark > this.#landmark) this.#rebase(landmark)
    const kept = pow2((landmark - this.#landmark) / this.#halfLifeMs)
    for (let k = HEADER; k < snapshot.length; k += 1) {
      const bucket = first + k - HEADER
      const weight = (this.#weights[bucket] as number) + (snapshot[k] as number) * kept
      this.#weights[bucket] = Math.min(weight, WEIGHT_MAX)
    }
    this.#sum()
    this.#moveTo(latest)
  }

  /** Takes `now` as the latest time, unless a later one was seen, and keeps the landmark within reach. */
  #moveTo(now: number): void {
    if (now > this.#latest) this.#latest = now
    if (this.#total === 0) this.#landmark = this.#latest
    else if ((this.#latest - this.#landmark) / this.#halfLifeMs > REBASE_HALF_LIVES)
      this.#rebase(this.#latest)
  }

  #rebase(landmark: number): void {
    const kept = pow2((this.#landmark - landmark) / this.#halfLifeMs)
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      this.#weights[bucket] = (this.#weights[bucket] as number) * kept
    }
    this.#landmark = landmark
    this.#sum()
  }

  #sum(): void {
    this.#total = 0
    for (const weight of this.#weights) this.#total += weight
  }

  #usedRange(): { readonly start: number; readonly end: number } {
    const start = this.#weights.findIndex(weight => weight > 0)
    if (start < 0) return { start: 0, end: 0 }
    return { start, end: this.#weights.findLastIndex(weight => weight > 0) + 1 }
  }
}

function bucketOf(valueMs: number): number {
  const value = Math.min(Math.max(valueMs, VALUE_MIN), VALUE_MAX)
  return Math.ceil(ln(value) / LN_GROWTH) - FIRST_INDEX
}

/** The value whose relative distance to both ends of the bucket is the same. */
function centreOf(bucket: number): number {
  return (2 * pow2((bucket + FIRST_INDEX) * LOG2_GROWTH)) / (GROWTH + 1)
}

function checkSnapshot(snapshot: Float64Array): void {
  checkFloats('snapshot', snapshot)
  if (snapshot.length < HEADER || snapshot[0] !== SNAPSHOT_VERSION) {
    throw new RangeError(`snapshot must be of version ${SNAPSHOT_VERSION}, found ${snapshot[0]}`)
  }
  checkFinite('snapshot[1]', snapshot[1] as number, 0)
  checkFinite('snapshot[2]', snapshot[2] as number, 0, snapshot[1])
  if (snapshot.length > HEADER + BUCKETS) {
    throw new RangeError(`snapshot must have length ${HEADER + BUCKETS} or less, found ${snapshot.length}`)
  }
  checkInteger('snapshot[3]', snapshot[3] as number, 0, BUCKETS - (snapshot.length - HEADER))
  for (let k = HEADER; k < snapshot.length; k += 1) {
    checkFinite(`snapshot[${k}]`, snapshot[k] as number, 0, WEIGHT_MAX)
  }
}
