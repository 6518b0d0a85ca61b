/**
 * What an arm earned within a sliding window of time, in constant memory. Successes and failures are summed in buckets, 1/32 of
 * the window wide, which are numbered from time 0: windows of replicas add up bucket by bucket, in any order. The Rust twin is
 * `atp_math::evidence_window`.
 */

/** Sums saturate here: beyond, a reward no longer changes a double. */
export const EVIDENCE_MAX = 1e15

const BUCKETS = 32
/** Later buckets are not told apart. */
const BUCKET_MAX = 2 ** 52
/** Width and newest bucket come first among a window's figures. */
const SCALARS = 2

/** Figures that a window takes in a snapshot. */
export const WINDOW_FIGURES = SCALARS + 2 * BUCKETS

export class EvidenceWindow {
  readonly #widthMs: number
  /** The latest bucket that was seen: this one and the 31 before it are held. */
  #newest = 0
  /** Successes and failures of bucket b at 2 * (b % 32). */
  readonly #sums = new Float64Array(2 * BUCKETS)
  /** Written by `sumAt`. */
  successes = 0
  failures = 0

  /** @param windowMs finite and at least 1 */
  constructor(windowMs: number) {
    this.#widthMs = windowMs / BUCKETS
  }

  /** Counts evidence at its own time, whatever came before; what is a window older than the latest is not held. */
  add(successes: number, failures: number, time: number): void {
    const bucket = this.#bucketOf(time)
    if (this.#holds(bucket)) this.#addTo(bucket, successes, failures)
  }

  /**
   * Sums up the window that ends at `now`, and later evidence. Evidence of age `windowMs` or more never counts, evidence up to
   * 31/32 of that age always does; between, its whole bucket does or doesn't.
   */
  sumAt(now: number): void {
    this.successes = 0
    this.failures = 0
    const oldest = oldestBeside(Math.max(this.#bucketOf(now), this.#newest))
    for (let bucket = oldest; bucket <= this.#newest; bucket += 1) {
      const at = placeOf(bucket)
      this.successes += this.#sums[at] as number
      this.failures += this.#sums[at + 1] as number
    }
  }

  /** Writes [milliseconds of a bucket, newest bucket, then successes and failures of bucket b at b % 32]. */
  write(figures: Float64Array, at: number): void {
    figures[at] = this.#widthMs
    figures[at + 1] = this.#newest
    figures.set(this.#sums, at + SCALARS)
  }

  /** Whether figures are of windows as long as this one. */
  isAsLongAs(figures: Float64Array, at: number): boolean {
    return figures[at] === this.#widthMs
  }

  /** Takes legal figures over; those of a window of another length say nothing of this one, which is empty then. */
  read(figures: Float64Array, at: number): void {
    this.clear()
    if (this.isAsLongAs(figures, at)) this.merge(figures, at)
  }

  /** Adds legal figures of a window as long. */
  merge(figures: Float64Array, at: number): void {
    const newest = figures[at + 1] as number
    this.#holds(newest)
    for (let bucket = oldestBeside(Math.max(newest, this.#newest)); bucket <= newest; bucket += 1) {
      const from = at + SCALARS + placeOf(bucket)
      this.#addTo(bucket, figures[from] as number, figures[from + 1] as number)
    }
  }

  clear(): void {
    this.#newest = 0
    this.#sums.fill(0)
  }

  #bucketOf(time: number): number {
    return Math.min(Math.floor(time / this.#widthMs), BUCKET_MAX)
  }

  /** Moves on to a later bucket, past those that leave the window. @returns whether the bucket is held */
  #holds(bucket: number): boolean {
    if (bucket <= this.#newest) return bucket >= oldestBeside(this.#newest)
    for (let left = Math.max(this.#newest + 1, oldestBeside(bucket)); left <= bucket; left += 1) {
      this.#sums.fill(0, placeOf(left), placeOf(left) + 2)
    }
    this.#newest = bucket
    return true
  }

  #addTo(bucket: number, successes: number, failures: number): void {
    const at = placeOf(bucket)
    this.#sums[at] = Math.min((this.#sums[at] as number) + successes, EVIDENCE_MAX)
    this.#sums[at + 1] = Math.min((this.#sums[at + 1] as number) + failures, EVIDENCE_MAX)
  }
}

export function isEvidence(x: number): boolean {
  return x >= 0 && x <= EVIDENCE_MAX
}

export function areLegalOfWindow(figures: Float64Array, at: number): boolean {
  const widthMs = figures[at] as number
  const newest = figures[at + 1] as number
  const legal = widthMs > 0 && widthMs <= Number.MAX_VALUE && newest >= 0 && newest <= BUCKET_MAX
  return (
    legal && Number.isInteger(newest) && figures.subarray(at + SCALARS, at + WINDOW_FIGURES).every(isEvidence)
  )
}

/** The first bucket of the window whose last one is `newest`. */
function oldestBeside(newest: number): number {
  return Math.max(newest - (BUCKETS - 1), 0)
}

function placeOf(bucket: number): number {
  return 2 * (bucket % BUCKETS)
}
