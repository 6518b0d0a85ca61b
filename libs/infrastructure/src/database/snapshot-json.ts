/** Learned state as text. JSON turns NaN and Infinity into null without a word: here they are refused, with their place. */
import type { Snapshot } from '@atp/domain/observation'

/** A snapshot as it is stored. */
export interface StoredSnapshot {
  readonly appliedSequence: number
  readonly takenAt: number
  /** JSON text. */
  readonly arms: string
}

/** @throws {RangeError} naming the path of a number that is not finite */
export function toStored({ appliedSequence, takenAt, arms }: Snapshot): StoredSnapshot {
  return { appliedSequence, takenAt, arms: finiteJson(arms) }
}

export function fromStored({ appliedSequence, takenAt, arms }: StoredSnapshot): Snapshot {
  return { appliedSequence, takenAt, arms: JSON.parse(arms) }
}

export function finiteJson(arms: Snapshot['arms']): string {
  return JSON.stringify(arms, function refuseNonFinite(this: unknown, key, value: unknown) {
    if (typeof value === 'number' && !Number.isFinite(value)) {
      throw new RangeError(
        `a snapshot holds finite numbers only: found ${value} at '${pathOf(arms, this, key) ?? key}'`,
      )
    }
    return value
  })
}

/** Looked for only once something is wrong. */
function pathOf(root: unknown, holder: unknown, key: string, path = 'arms'): string | null {
  if (root === holder) return `${path}.${key}`
  if (typeof root !== 'object' || root === null) return null
  for (const [name, value] of Object.entries(root)) {
    const found = pathOf(value, holder, key, `${path}.${name}`)
    if (found !== null) return found
  }
  return null
}
