/**
 * Arms as figures: [version, size, then the figures of each arm]; of one arm [version, then its figures]. An arm's figures are
 * successes, failures and time, and since version 2 those of its window. What is refused changes nothing.
 */
import { ARM_FIGURES, type ArmStatistics, areLegal, DECAYED_FIGURES } from './arm-statistics.ts'
import { checkLength } from './checks.ts'

const VERSION = 2
/** Before there were windows; still read. */
const WINDOWLESS_VERSION = 1
const HEADER = 2
const ARM_HEADER = 1

export function writeSnapshot(arms: readonly ArmStatistics[]): Float64Array {
  const snapshot = new Float64Array(HEADER + ARM_FIGURES * arms.length)
  snapshot[0] = VERSION
  snapshot[1] = arms.length
  arms.forEach((arm, i) => {
    arm.write(snapshot, HEADER + ARM_FIGURES * i)
  })
  return snapshot
}

/** Resets an arm with illegal figures to its prior. @returns the number of such arms */
export function restoreSnapshot(arms: readonly ArmStatistics[], snapshot: Float64Array): number {
  const figuresOf = checkSnapshot(arms, snapshot)
  let illegal = 0
  arms.forEach((arm, i) => {
    if (!arm.read(figuresOf(i))) illegal += 1
  })
  return illegal
}

export function mergeSnapshot(
  arms: readonly ArmStatistics[],
  snapshot: Float64Array,
  halfLifeMs: number,
): void {
  const figuresOf = checkSnapshot(arms, snapshot)
  arms.forEach((_, i) => {
    if (areLegal(figuresOf(i))) return
    throw new RangeError(`snapshot has illegal figures for arm ${i}: nothing is merged`)
  })
  arms.forEach((arm, i) => {
    if (arm.isMergeable(figuresOf(i))) return
    throw new RangeError(`snapshot has a window of another length for arm ${i}: nothing is merged`)
  })
  arms.forEach((arm, i) => {
    arm.merge(figuresOf(i), halfLifeMs)
  })
}

export function writeArmSnapshot(arm: ArmStatistics): Float64Array {
  const snapshot = new Float64Array(ARM_HEADER + ARM_FIGURES)
  snapshot[0] = VERSION
  arm.write(snapshot, ARM_HEADER)
  return snapshot
}

/** @returns whether the figures were legal */
export function restoreArmSnapshot(arm: ArmStatistics, snapshot: Float64Array): boolean {
  checkShape(snapshot, ARM_HEADER, 1)
  return arm.read(snapshot.subarray(ARM_HEADER))
}

/** @returns the figures of the i-th arm, if the snapshot is of a version that can be read and of as many arms */
function checkSnapshot(
  arms: readonly ArmStatistics[],
  snapshot: Float64Array,
): (arm: number) => Float64Array {
  const figures = checkShape(snapshot, HEADER, arms.length)
  if (snapshot[1] !== arms.length) {
    throw new RangeError(`snapshot must be of ${arms.length} arms, found ${snapshot[1]}`)
  }
  return arm => snapshot.subarray(HEADER + figures * arm, HEADER + figures * (arm + 1))
}

/** @returns the number of figures an arm */
function checkShape(snapshot: Float64Array, header: number, arms: number): number {
  const version = snapshot[0] ?? VERSION
  if (version !== VERSION && version !== WINDOWLESS_VERSION) {
    throw new RangeError(`snapshot must be of version ${WINDOWLESS_VERSION} or ${VERSION}, found ${version}`)
  }
  const figures = version === WINDOWLESS_VERSION ? DECAYED_FIGURES : ARM_FIGURES
  checkLength('snapshot', snapshot.length, header + figures * arms)
  return figures
}
