/**
 * Arms as figures: [version, size, then successes, failures and time of each arm]; of one arm [version, successes, failures,
 * time]. What is refused changes nothing.
 */
import { ARM_FIGURES, type ArmStatistics, areLegal } from './arm-statistics.ts'
import { checkLength } from './checks.ts'

const VERSION = 1
const HEADER = 2

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
  checkSnapshot(arms, snapshot)
  let illegal = 0
  arms.forEach((arm, i) => {
    if (!arm.read(snapshot, HEADER + ARM_FIGURES * i)) illegal += 1
  })
  return illegal
}

export function mergeSnapshot(
  arms: readonly ArmStatistics[],
  snapshot: Float64Array,
  halfLifeMs: number,
): void {
  checkSnapshot(arms, snapshot)
  arms.forEach((_, i) => {
    if (areLegal(snapshot, HEADER + ARM_FIGURES * i)) return
    throw new RangeError(`snapshot has illegal figures for arm ${i}: nothing is merged`)
  })
  arms.forEach((arm, i) => {
    arm.merge(snapshot, HEADER + ARM_FIGURES * i, halfLifeMs)
  })
}

export function writeArmSnapshot(arm: ArmStatistics): Float64Array {
  const snapshot = new Float64Array(1 + ARM_FIGURES)
  snapshot[0] = VERSION
  arm.write(snapshot, 1)
  return snapshot
}

/** @returns whether the figures were legal */
export function restoreArmSnapshot(arm: ArmStatistics, snapshot: Float64Array): boolean {
  checkLength('snapshot', snapshot.length, 1 + ARM_FIGURES)
  checkVersion(snapshot)
  return arm.read(snapshot, 1)
}

function checkSnapshot(arms: readonly ArmStatistics[], snapshot: Float64Array): void {
  checkLength('snapshot', snapshot.length, HEADER + ARM_FIGURES * arms.length)
  checkVersion(snapshot)
  if (snapshot[1] === arms.length) return
  throw new RangeError(`snapshot must be of ${arms.length} arms, found ${snapshot[1]}`)
}

function checkVersion(snapshot: Float64Array): void {
  if (snapshot[0] === VERSION) return
  throw new RangeError(`snapshot must be of version ${VERSION}, found ${snapshot[0]}`)
}
