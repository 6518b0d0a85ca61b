/**
 * The journal as the rest of the gateway sees it: a SQLite file behind a thread of its own, since its calls are synchronous.
 * What `append` has acknowledged survives the death of the process.
 */
import { Worker } from 'node:worker_threads'
import { AtpError } from '@atp/core/errors'
import type {
  ContextRepository,
  DecisionRecord,
  DecisionRepository,
  Journal,
  JournalBatch,
  ObservationRepository,
  Snapshot,
  SnapshotRepository,
  StoredContext,
} from '@atp/domain/observation'
import type { PriceStore } from '@atp/domain/pricing'
import type { ContextKey } from '@atp/domain/routing'
import type { TenantStore } from '@atp/domain/tenant'
import { contextFromStored, contextToStored } from '../context-json.ts'
import type { DataDirectory } from '../data-directory.ts'
import { pricesBehind } from '../prices/price-call.ts'
import { asPort, type StoredObservation } from '../repositories.ts'
import { fromStored, toStored } from '../snapshot-json.ts'
import { storeBehind } from '../tenants/tenant-call.ts'
import { BatchEncoder } from './batch-encoder.ts'
import type { DeadLetter, Refusal } from './dead-letters.ts'
import {
  type CallName,
  type Durability,
  JOURNAL_FILE,
  type JournalCalls,
  type JournalCondition,
  type JournalGreeting,
  type JournalLimits,
  type JournalReplies,
  type JournalRequest,
  type JournalWorkerData,
  type SpoolPosition,
} from './protocol.ts'
import type { SpoolBatch } from './spool.ts'

export interface SqliteJournalOptions {
  readonly directory: DataDirectory
  readonly durability: Durability
  /** By default there is none but the disk's. */
  readonly limits?: Partial<JournalLimits>
}

const LIMITS: JournalLimits = {
  limitBytes: Number.MAX_SAFE_INTEGER,
  whenFull: 'refuse',
  reserveBytes: 16_777_216,
}
const RETRY_AFTER_MS = 1_000

/** The compiler rewrites import specifiers, not URLs: the thread's file is whatever this file is. */
const WORKER = new URL(`./journal-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

export class SqliteJournal
  implements Journal, DecisionRepository, ObservationRepository, SnapshotRepository, ContextRepository
{
  // Where the journal is the database.
  readonly tenants: TenantStore = storeBehind(call => this.#send('tenants', call))
  readonly prices: PriceStore = pricesBehind(call => this.#send('prices', call))
  /** Resolves where the journal's thread ends by itself: nothing can be recorded until another process opens the file. */
  readonly lost: Promise<AtpError>
  readonly #worker: Worker
  readonly #encoder: BatchEncoder
  readonly #pending = new Map<number, Pending>()
  #nextId = 0
  #position: SpoolPosition
  #condition: JournalCondition
  #failure: AtpError | null = null
  #lost: (failure: AtpError) => void = () => undefined
  #committed: () => void = () => undefined
  #dropped: (rows: number) => void = () => undefined

  private constructor(worker: Worker, greeting: Extract<JournalGreeting, { names: unknown }>) {
    this.#worker = worker
    this.#encoder = new BatchEncoder(greeting.names)
    this.#position = greeting.position
    this.#condition = greeting.condition
    this.lost = new Promise(resolve => {
      this.#lost = resolve
    })
    worker.on('message', (message: JournalReplies) => this.#settle(message))
    worker.on('error', error => this.#fail(stopped(error.message)))
    worker.on('exit', () => this.#fail(stopped('its thread ended')))
  }

  /** @throws {AtpError} `start_failed` where the journal's file cannot be opened or migrated */
  static async open({ directory, durability, limits }: SqliteJournalOptions): Promise<SqliteJournal> {
    const file = directory.file(JOURNAL_FILE)
    const workerData: JournalWorkerData = {
      file,
      replica: directory.replica,
      durability,
      limits: { ...LIMITS, ...limits },
    }
    const worker = new Worker(WORKER, { workerData, name: 'journal' })
    const greeting = await firstMessage(worker)
    if ('names' in greeting) return new SqliteJournal(worker, greeting)
    await worker.terminate()
    throw new AtpError('start_failed', {
      detail: `the journal ${file} cannot be opened: ${greeting.failure}`,
    })
  }

  /** Null while the journal works; otherwise why it takes nothing any more. */
  get failure(): AtpError | null {
    return this.#failure
  }

  /** How far the journal goes, and how far of it is in Postgres. */
  get position(): SpoolPosition {
    return this.#position
  }

  /** Resolves when its thread has looked into the file, behind all that was asked before. @throws {AtpError} where it cannot */
  async answers(): Promise<void> {
    await this.#send('known', [''])
  }

  /** Of its file, its door, and what was put aside. */
  get condition(): JournalCondition {
    return this.#condition
  }

  /** Why no new work may begin; null while it may. */
  get refusal(): AtpError | null {
    if (this.#failure !== null) return this.#failure
    const { refusal } = this.#condition
    return refusal === null ? null : noRoom(refusal)
  }

  /** Calls `listener` after each commit that added rows, and where others may go or are to be sent again. */
  onCommit(listener: () => void): void {
    this.#committed = listener
  }

  /** Calls `listener` after each drop of rows, with how many there were since the start. */
  onDrop(listener: (rows: number) => void): void {
    this.#dropped = listener
  }

  append(batch: JournalBatch): Promise<number> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    const input = this.#encoder.encode(batch)
    return this.#send('append', input, [input.numbers.buffer])
  }

  find(id: DecisionRecord['id']): Promise<DecisionRecord | null> {
    return this.#send('find', id)
  }

  async known(ids: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set(await this.#send('known', ids))
  }

  async after(sequence: number, limit: number): ReturnType<ObservationRepository['after']> {
    return asPort(await this.stored(sequence, limit))
  }

  /** As `after`, and says where the decision is not here. */
  stored(sequence: number, limit: number): Promise<readonly StoredObservation[]> {
    return this.#send('after', { sequence, limit })
  }

  /** @throws {RangeError} naming the path of a number that is not finite */
  async save(snapshot: Snapshot): Promise<void> {
    await this.#send('saveSnapshot', toStored(snapshot))
    // What it holds need not be kept for a replay any more.
    this.#committed()
  }

  async load(): Promise<Snapshot | null> {
    const stored = await this.#send('loadSnapshot', null)
    return stored === null ? null : fromStored(stored)
  }

  async loadContext(key: ContextKey): Promise<StoredContext | null> {
    return contextFromStored(await this.#send('loadContext', key))
  }

  /** @throws {RangeError} naming the path of a number that is not finite */
  async saveContexts(contexts: readonly StoredContext[]): Promise<void> {
    await this.#send('saveContexts', contexts.map(contextToStored))
  }

  contextsAhead(sequence: number): ReturnType<ContextRepository['contextsAhead']> {
    return this.#send('contextsAhead', sequence)
  }

  /** The next rows for Postgres, in order of commit; null where all is there. */
  undrained(limit: number): Promise<SpoolBatch | null> {
    return this.#send('undrained', limit)
  }

  async drained(through: number): Promise<void> {
    await this.#send('drained', through)
  }

  /** Deletes rows that are in Postgres and in the snapshot, at most `limit` of each kind. @returns how many went */
  trim(limit: number): Promise<number> {
    return this.#send('trim', limit)
  }

  /** Puts aside a row that Postgres refuses, where it is the next one still. */
  async bury(sequence: number, refusal: Refusal): Promise<void> {
    await this.#send('bury', { sequence, refusal })
  }

  /** Rows that were put aside and are to be sent again, the oldest first. */
  requeued(limit: number): Promise<readonly DeadLetter[]> {
    return this.#send('requeued', limit)
  }

  /** What became of such a row. @param refusal null where it is in Postgres now */
  async resent(sequence: number, refusal: Refusal | null): Promise<void> {
    await this.#send('resent', { sequence, refusal })
  }

  /** Waits for what was asked before, and leaves the file tidy. */
  async close(): Promise<void> {
    if (this.#failure !== null) return
    const closed = this.#send('close', null)
    this.#failure = new AtpError('shutting_down', { detail: 'the journal is closed' })
    await closed
    await this.#worker.terminate()
  }

  #send<Name extends CallName>(
    call: Name,
    input: JournalCalls[Name]['input'],
    transfer?: ArrayBuffer[],
  ): Promise<JournalCalls[Name]['output']> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => {
      const id = this.#nextId++
      this.#pending.set(id, { resolve: resolve as Pending['resolve'], reject })
      this.#worker.postMessage({ id, call, input } as JournalRequest, transfer)
    })
  }

  #settle({ replies, position, condition }: JournalReplies): void {
    const before = this.#condition
    const after = condition ?? before
    const news = position.last > this.#position.last || after.letters.requeued > before.letters.requeued
    this.#position = position
    this.#condition = after
    if (after.dropped > before.dropped) this.#dropped(after.dropped)
    for (const reply of replies) {
      const pending = this.#pending.get(reply.id)
      this.#pending.delete(reply.id)
      if ('failure' in reply) pending?.reject(reply.noRoom ? noRoom(reply.failure) : refused(reply.failure))
      else pending?.resolve(reply.output)
    }
    if (news) this.#committed()
  }

  #fail(failure: AtpError): void {
    if (this.#failure === null) {
      this.#failure = failure
      this.#lost(failure)
    }
    for (const { reject } of this.#pending.values()) reject(this.#failure)
    this.#pending.clear()
  }
}

interface Pending {
  readonly resolve: (output: JournalCalls[CallName]['output']) => void
  readonly reject: (reason: AtpError) => void
}

function firstMessage(worker: Worker): Promise<JournalGreeting> {
  return new Promise(resolve => {
    worker.once('message', resolve)
    worker.once('error', error => resolve({ failure: error.message }))
  })
}

function stopped(why: string): AtpError {
  return new AtpError('internal', { detail: `the journal stopped: ${why}; nothing more can be recorded` })
}

function noRoom(why: string): AtpError {
  return new AtpError('storage_unavailable', {
    detail: `the journal takes nothing now: ${why}`,
    retryAfterMs: RETRY_AFTER_MS,
  })
}

function refused(why: string): AtpError {
  return new AtpError('internal', { detail: `the journal refused: ${why}` })
}
