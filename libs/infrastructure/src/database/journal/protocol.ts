/** What the two threads say to one another. Each request has a number and gets one reply of that number. */
import type { ContextRepository, DecisionRecord } from '@atp/domain/observation'
import type { ContextKey } from '@atp/domain/routing'
import type { StoredContextText } from '../context-json.ts'
import type { PriceCall } from '../prices/price-call.ts'
import type { StoredObservation } from '../repositories.ts'
import type { StoredSnapshot } from '../snapshot-json.ts'
import type { TenantCall } from '../tenants/tenant-call.ts'
import type { EncodedBatch } from './batch-layout.ts'
import type { DeadLetter, LetterCounts, Refusal } from './dead-letters.ts'
import type { SpoolBatch } from './spool.ts'

/** The journal's file in its data directory. */
export const JOURNAL_FILE = 'journal.sqlite'

/** What the journal's thread can do: the arguments and the result of each. */
export interface JournalCalls {
  append: { input: EncodedBatch; output: number }
  find: { input: string; output: DecisionRecord | null }
  known: { input: readonly string[]; output: readonly string[] }
  after: { input: { sequence: number; limit: number }; output: readonly StoredObservation[] }
  saveSnapshot: { input: StoredSnapshot; output: null }
  loadSnapshot: { input: null; output: StoredSnapshot | null }
  loadContext: { input: ContextKey; output: StoredContextText | null }
  saveContexts: { input: readonly StoredContextText[]; output: null }
  contextsAhead: { input: number; output: Awaited<ReturnType<ContextRepository['contextsAhead']>> }
  undrained: { input: number; output: SpoolBatch | null }
  drained: { input: number; output: null }
  trim: { input: number; output: number }
  bury: { input: { sequence: number; refusal: Refusal }; output: null }
  requeued: { input: number; output: readonly DeadLetter[] }
  resent: { input: { sequence: number; refusal: Refusal | null }; output: null }
  tenants: { input: TenantCall; output: unknown }
  prices: { input: PriceCall; output: unknown }
  close: { input: null; output: null }
}

export type CallName = keyof JournalCalls

export type JournalRequest = {
  [Name in CallName]: {
    readonly id: number
    readonly call: Name
    readonly input: JournalCalls[Name]['input']
  }
}[CallName]

export type AppendRequest = Extract<JournalRequest, { call: 'append' }>

export type JournalReply =
  | { readonly id: number; readonly output: JournalCalls[CallName]['output'] }
  /** `noRoom`: for want of room, or of a disk that works. */
  | { readonly id: number; readonly failure: string; readonly noRoom: boolean }

/** Replies to one group of requests; none where the journal only has news of itself. */
export interface JournalReplies {
  readonly replies: readonly JournalReply[]
  readonly position: SpoolPosition
  /** Null where it is as it was told last. */
  readonly condition: JournalCondition | null
}

export interface JournalCondition {
  /** Of the file, in use. */
  readonly bytes: number
  /** Why no new work may begin; null while there is room. */
  readonly refusal: string | null
  /** Rows that were dropped before they were in Postgres, since the start. */
  readonly dropped: number
  readonly letters: LetterCounts
}

export interface JournalLimits {
  /** Bytes that rows may take. It is the door that closes: what is under way then is still recorded. */
  readonly limitBytes: number
  /** What gives way at the limit: new work, or the oldest rows that have been learned from. */
  readonly whenFull: 'refuse' | 'drop-oldest'
  /** Bytes of the disk that new work must leave. */
  readonly reserveBytes: number
}

/** The last sequence number in the journal, and the last that is safely in Postgres. */
export interface SpoolPosition {
  readonly last: number
  readonly drained: number
}

/** What the thread is started with. */
export interface JournalWorkerData {
  readonly file: string
  readonly replica: string
  readonly durability: Durability
  readonly limits: JournalLimits
}

/** `process`: survives `kill -9`. `power`: survives the plug too, at the cost of an fsync a group. */
export type Durability = 'process' | 'power'

/** The first message of the thread: open, with the dictionary so far; or why not. */
export type JournalGreeting =
  | {
      readonly names: readonly string[]
      readonly position: SpoolPosition
      readonly condition: JournalCondition
    }
  | { readonly failure: string }
