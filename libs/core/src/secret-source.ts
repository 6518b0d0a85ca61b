/** The port to places that hold secrets. */
import type { Secret } from './secret.ts'
import type { EpochMs } from './units.ts'

/** What was read at one path, at one time. */
export interface SecretReading {
  /** By field; a place that knows no fields has one, of the empty name. */
  readonly fields: ReadonlyMap<string, Secret>
  /** What the place calls this state of it, for a person. */
  readonly version: string
  /** When it was put there, where the place knows. */
  readonly madeAt: EpochMs | null
  /** Milliseconds for which it need not be read again, where the place says so: a lease, or what never changes. */
  readonly goodForMs: number | null
}

export interface ReadOptions {
  /** What was read there before, for a place that can prolong it. */
  readonly previous: SecretReading | null
  /** Read, do not prolong: the previous value was refused. */
  readonly anew: boolean
}

export interface SecretSource {
  /** @throws {SecretUnreadable} */
  read(path: string, options: ReadOptions): Promise<SecretReading>
  /** Tells when what is there may have changed, where the place can tell; others are asked from time to time. @returns what ends it */
  watch(path: string, changed: () => void): () => void
  close(): Promise<void>
}

export type UnreadableReason =
  /** There is nothing: the next place may have it. */
  | 'missing'
  | 'forbidden'
  | 'sealed'
  | 'standby'
  | 'unreachable'
  /** The place does not take our credentials. */
  | 'unauthenticated'
  /** There is something that cannot be what is looked for. */
  | 'unusable'
  | 'failed'

/** Its message completes "NAME, ...": "which is not set". It never holds a secret, and has no cause: a client's error holds its token. */
export class SecretUnreadable extends Error {
  readonly reason: UnreadableReason

  constructor(reason: UnreadableReason, message: string) {
    super(message)
    this.name = 'SecretUnreadable'
    this.reason = reason
  }
}
