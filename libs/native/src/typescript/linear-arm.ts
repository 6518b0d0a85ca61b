/**
 * Ridge regression of one arm's target on a request's features, with forgetting by time: additive sufficient statistics, and
 * from them the cached inverse and coefficients. The Rust twin is `atp_math::linear_arm`.
 *
 * The precision is A = S + R, where S is the decayed sum of x x' and R the ridge, which does not decay: with a ridge that
 * fades, directions that nobody visits would grow ever more uncertain. A^-1 follows each observation by Sherman and
 * Morrison's formula (1950) and is rebuilt by Cholesky's decomposition now and then, so that rounding does not add up.
 */
import { ChangeWatch } from './change-watch.ts'
import { invert } from './cholesky.ts'
import { pow2 } from './elementary.ts'
import { dot, multiply } from './lanes.ts'

/** Observations after which the inverse is rebuilt from the statistics. */
const REBUILD_EVERY = 256
/**
 * Statistics are brought forward in steps of this share of a half-life: between two steps evidence that comes later weighs
 * more instead, which changes nothing but how much the ridge weighs beside it, by 7% at most.
 */
const STEP = 0.1
/** Before so many observations nobody can say what is usual. */
const ENOUGH_TO_WATCH = 20
/** Share of the evidence that is kept at a change: so little that what comes now soon outweighs it. */
export const KEPT_AT_CHANGE = 0.05
/** Epoch, weight and squares come first among an arm's figures. */
const SCALARS = 3
/** No sum of legal observations comes near. */
const FIGURE_MAX = 1e30

/** Scratch for one arm at a time. */
export class Workspace {
  readonly gain: Float64Array
  readonly moment: Float64Array
  readonly lower: Float64Array

  constructor(dimension: number) {
    this.gain = new Float64Array(dimension)
    this.moment = new Float64Array(dimension)
    this.lower = new Float64Array(dimension * dimension)
  }
}

/** How the arms of a bandit learn. */
export interface Regression {
  readonly dimension: number
  /** What is on the diagonal of the ridge: for the first feature, which is the bias, and for each other. */
  readonly biasRidge: number
  ridge: number
  readonly halfLifeMs: number
  /** Coefficients that an arm is expected to have before it was observed; 0 for the bias. */
  readonly common: Float64Array
}

export class LinearArm {
  readonly hash: number
  readonly #regression: Regression
  readonly #workspace: Workspace
  /** The target that is expected whatever the features, before any was observed. */
  readonly #prior: number
  /** Milliseconds: the statistics weigh evidence as of this time. */
  #epoch = 0
  /** Sum of weights. */
  weight = 0
  /** Sum of what the targets missed their expectation by, squared, each relative to how unsure the expectation was. */
  squares = 0
  /** Sum of x times what the target exceeds the prior by. */
  readonly #moment: Float64Array
  /** Sum of x x', whole. */
  readonly #gram: Float64Array
  /** (S + R)^-1, whole. */
  readonly inverse: Float64Array
  readonly #coefficients: Float64Array
  #sinceRebuild = 0
  readonly #watch = new ChangeWatch()
  /** Times that the arm was found changed, since it was created. */
  changes = 0

  constructor(regression: Regression, workspace: Workspace, hash: number, prior: number) {
    const { dimension } = regression
    this.hash = hash
    this.#regression = regression
    this.#workspace = workspace
    this.#prior = prior
    this.#moment = new Float64Array(dimension)
    this.#gram = new Float64Array(dimension * dimension)
    this.inverse = new Float64Array(dimension * dimension)
    this.#coefficients = new Float64Array(dimension)
    this.#forget()
  }

  /** Brings the statistics forward to `now`, where it is a step or more after their epoch. @returns whether anything faded */
  advance(now: number): boolean {
    const { halfLifeMs } = this.#regression
    const step = STEP * halfLifeMs
    if (step === Number.POSITIVE_INFINITY || now - this.#epoch < step) return false
    const epoch = Math.floor(now / step) * step
    if (epoch <= this.#epoch) return false
    const kept = pow2((this.#epoch - epoch) / halfLifeMs)
    this.#epoch = epoch
    if (this.weight === 0) return false
    this.#scale(kept)
    this.rebuild()
    return true
  }

  /** The expected target. */
  mean(x: Float64Array): number {
    return this.#prior + dot(this.#coefficients, 0, x)
  }

  /** x' A^-1 x: the variance of the expected target where a target's own is 1. */
  variance(x: Float64Array): number {
    const { gain } = this.#workspace
    multiply(this.inverse, x, gain)
    return Math.max(dot(x, 0, gain), 0)
  }

  /** Anew from the statistics: rounding is forgotten, and another ridge holds. */
  rebuild(): void {
    const { dimension } = this.#regression
    const inverse = this.inverse
    inverse.set(this.#gram)
    for (let k = 0; k < dimension; k += 1) {
      inverse[k * dimension + k] = (inverse[k * dimension + k] as number) + this.#ridgeOf(k)
    }
    invert(inverse, this.#workspace.lower, dimension)
    this.solve()
    this.#sinceRebuild = 0
  }

  /** The coefficients that follow from the statistics and what is expected of all arms: A^-1 (b + R common). */
  solve(): void {
    const { common } = this.#regression
    const { moment } = this.#workspace
    for (let k = 0; k < moment.length; k += 1) {
      moment[k] = (this.#moment[k] as number) + this.#ridgeOf(k) * (common[k] as number)
    }
    multiply(this.inverse, moment, this.#coefficients)
  }

  /** Writes what the coefficients would be if nothing were known of other arms: A^-1 b. */
  ownCoefficients(out: Float64Array): void {
    multiply(this.inverse, this.#moment, out)
  }

  /**
   * Before a target is learned: where targets have long been off by more than their `spread` explains, what the arm was is
   * forgotten but for a rest. @returns whether it was
   */
  forgetIfChanged(x: Float64Array, target: number, spread: number, threshold: number): boolean {
    if (this.weight < ENOUGH_TO_WATCH) return false
    const surprise = (target - this.mean(x)) / (spread * Math.sqrt(1 + this.variance(x)))
    if (!this.#watch.notices(surprise, threshold)) return false
    this.changes += 1
    this.#scale(KEPT_AT_CHANGE)
    this.rebuild()
    return true
  }

  /** Learns a target, observed at `now`, to which it was advanced; `weight` is what it counts for beside others. */
  add(x: Float64Array, target: number, weight: number, now: number): void {
    const { dimension, halfLifeMs } = this.#regression
    const { gain } = this.#workspace
    const inverse = this.inverse
    const gram = this.#gram
    const counted = weight * pow2((Math.max(now, this.#epoch) - this.#epoch) / halfLifeMs)
    const excess = target - this.#prior
    multiply(inverse, x, gain)
    const variance = Math.max(dot(x, 0, gain), 0)
    const shrink = counted / (1 + counted * variance)
    const error = excess - dot(this.#coefficients, 0, x)
    const correction = shrink * error
    this.squares = Math.min(this.squares + (counted * error * error) / (1 + variance), FIGURE_MAX)
    for (let row = 0; row < dimension; row += 1) {
      const moved = shrink * (gain[row] as number)
      const seen = counted * (x[row] as number)
      this.#coefficients[row] = (this.#coefficients[row] as number) + correction * (gain[row] as number)
      this.#moment[row] = (this.#moment[row] as number) + seen * excess
      const first = row * dimension
      for (let k = 0; k < dimension; k += 1) {
        inverse[first + k] = (inverse[first + k] as number) - moved * (gain[k] as number)
        gram[first + k] = (gram[first + k] as number) + seen * (x[k] as number)
      }
    }
    this.weight += counted
    this.#sinceRebuild += 1
    if (this.#sinceRebuild >= REBUILD_EVERY) this.rebuild()
  }

  /** Writes [epoch, weight, squares, moment, the lower triangle of the gram matrix row by row]. */
  write(figures: Float64Array, at: number): void {
    const { dimension } = this.#regression
    figures[at] = this.#epoch
    figures[at + 1] = this.weight
    figures[at + 2] = this.squares
    figures.set(this.#moment, at + SCALARS)
    let next = at + SCALARS + dimension
    for (let row = 0; row < dimension; row += 1) {
      figures.set(this.#gram.subarray(row * dimension, row * dimension + row + 1), next)
      next += row + 1
    }
  }

  /**
   * Takes the figures over, or forgets everything where they are illegal. Legal ones leave the watch as it is: a replica that
   * adopts what all have learned goes on summing its own surprises. @returns whether they were legal
   */
  read(figures: Float64Array): boolean {
    this.#forget()
    const legal = areLegal(figures, this.#regression.dimension)
    if (legal) {
      this.#epoch = figures[0] as number
      this.#addFigures(figures, 1)
      this.rebuild()
    } else this.#watch.forget()
    return legal
  }

  /** Adds another replica's figures of the same arm, both brought to the later of the two epochs. They must be legal. */
  merge(figures: Float64Array): void {
    const { halfLifeMs } = this.#regression
    const epoch = figures[0] as number
    const later = Math.max(this.#epoch, epoch)
    this.#scale(pow2((this.#epoch - later) / halfLifeMs))
    this.#addFigures(figures, pow2((epoch - later) / halfLifeMs))
    this.#epoch = later
    this.rebuild()
  }

  #addFigures(figures: Float64Array, scale: number): void {
    const { dimension } = this.#regression
    const gram = this.#gram
    this.weight += (figures[1] as number) * scale
    this.squares += (figures[2] as number) * scale
    for (let k = 0; k < dimension; k += 1) {
      this.#moment[k] = (this.#moment[k] as number) + (figures[SCALARS + k] as number) * scale
    }
    let next = SCALARS + dimension
    for (let row = 0; row < dimension; row += 1) {
      for (let column = 0; column <= row; column += 1) {
        const at = row * dimension + column
        gram[at] = (gram[at] as number) + (figures[next] as number) * scale
        gram[column * dimension + row] = gram[at] as number
        next += 1
      }
    }
  }

  #scale(factor: number): void {
    this.weight *= factor
    this.squares *= factor
    for (const figures of [this.#moment, this.#gram]) {
      for (let k = 0; k < figures.length; k += 1) figures[k] = (figures[k] as number) * factor
    }
  }

  /** The statistics, but not what the watch has summed. */
  #forget(): void {
    this.#epoch = 0
    this.weight = 0
    this.squares = 0
    this.#sinceRebuild = 0
    for (const figures of [this.#moment, this.#gram, this.inverse]) figures.fill(0)
    this.#coefficients.set(this.#regression.common)
    const { dimension } = this.#regression
    for (let k = 0; k < dimension; k += 1) this.inverse[k * dimension + k] = 1 / this.#ridgeOf(k)
  }

  #ridgeOf(feature: number): number {
    return feature === 0 ? this.#regression.biasRidge : this.#regression.ridge
  }
}

/** Figures that an arm of this dimension takes in a snapshot. */
export function figureCount(dimension: number): number {
  return SCALARS + dimension + (dimension * (dimension + 1)) / 2
}

/** Whether they can be an arm's: finite, and a sum of squares nowhere negative. */
export function areLegal(figures: Float64Array, dimension: number): boolean {
  if (!figures.every(figure => Math.abs(figure) <= FIGURE_MAX)) return false
  if (!figures.subarray(0, SCALARS).every(figure => figure >= 0)) return false
  for (let row = 0; row < dimension; row += 1) {
    if (!((figures[SCALARS + dimension + (row * (row + 3)) / 2] as number) >= 0)) return false
  }
  return true
}
