/** Where replicas add up what they have learned: a port. */
import type { Parts } from './part.ts'

/** What one replica has learned of one key since it last told. */
export interface Telling {
  readonly replica: string
  /** Of the last observation in it; rises with each telling. */
  readonly sequence: number
  /** The sequence that this replica knows to have been added. */
  readonly told: number
  /** Of the sum that the figures are to be added to. */
  readonly lineage: string
  readonly delta: Parts
}

export interface SharedSum {
  /** Names the sum: it changes when a sum is begun anew. Null where there is none. */
  readonly lineage: string | null
  /** The sequence up to which the asking replica's observations are in it; 0 where none are. */
  readonly told: number
  /** Null where it cannot be read. */
  readonly sum: Parts | null
}

export interface SharedSums {
  read(key: string, replica: string): Promise<SharedSum>
  /**
   * Adds a delta where the sum is of that lineage and holds the replica's observations up to `told` exactly; a telling that is
   * in it already, because its answer was lost, is not added again. @returns the sum after that
   */
  add(key: string, telling: Telling): Promise<SharedSum>
  /**
   * Begins a sum anew, where it still is of the lineage `instead`. @returns the sum after that, of whatever lineage: another
   * replica may have been quicker
   */
  seed(key: string, seed: Seed): Promise<SharedSum>
}

export interface Seed {
  readonly replica: string
  readonly sequence: number
  /** Null: where there is no sum. */
  readonly instead: string | null
  readonly lineage: string
  readonly sum: Parts
}
