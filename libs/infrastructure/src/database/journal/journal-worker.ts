/**
 * The journal's thread: the only one that touches its file. Group commit: every append that waits when the thread gets to
 * it is committed with the others, and all are answered in one message.
 * Its imports are relative or third-party only, so that it runs from sources and from a build alike.
 */
import { DatabaseSync } from 'node:sqlite'
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { Kysely } from 'kysely'
import { journalMigrations } from '../migrations/journal.ts'
import { migrate } from '../migrations/migrate.ts'
import { answerPrices } from '../prices/price-call.ts'
import { PriceTables } from '../prices/price-tables.ts'
import { Repositories } from '../repositories.ts'
import type { Schema } from '../schema.ts'
import { answer } from '../tenants/tenant-call.ts'
import { TenantTables } from '../tenants/tenant-tables.ts'
import { Checkpoints } from './checkpoints.ts'
import { DeadLetters } from './dead-letters.ts'
import { JournalRoom } from './journal-room.ts'
import { JournalWriter } from './journal-writer.ts'
import { nodeSqliteDialect } from './node-sqlite-dialect.ts'
import type {
  AppendRequest,
  Durability,
  JournalCalls,
  JournalCondition,
  JournalGreeting,
  JournalLimits,
  JournalReplies,
  JournalReply,
  JournalRequest,
  JournalWorkerData,
} from './protocol.ts'
import { Spool } from './spool.ts'

/** Another process may write a moment: `atp dead-letters`. Milliseconds. */
const BUSY_TIMEOUT_MS = 5_000
/** Rows that go at once where the oldest give way. */
const DROP_ROWS = 2_000
/** The file and the disk are looked at after so many rows: at each group it would cost a tenth of the commit. */
const MEASURE_ROWS = 200
/** Without traffic the journal looks after itself so often, in milliseconds. */
const LOOK_MS = 250

class JournalWorker {
  readonly #port: MessagePort
  readonly #database: DatabaseSync
  readonly #repositories: Repositories
  readonly #tenants: TenantTables
  readonly #prices: PriceTables
  readonly #writer: JournalWriter
  readonly #spool: Spool
  readonly #letters: DeadLetters
  readonly #room: JournalRoom
  readonly #checkpoints: Checkpoints
  readonly #limits: JournalLimits
  #told: JournalCondition
  #unmeasuredRows = 0
  #letterCounts: JournalCondition['letters']
  readonly #look: NodeJS.Timeout

  private constructor(
    port: MessagePort,
    database: DatabaseSync,
    db: Kysely<Schema>,
    { file, replica, limits }: JournalWorkerData,
  ) {
    this.#port = port
    this.#database = database
    this.#repositories = new Repositories(db, replica)
    this.#tenants = new TenantTables(db)
    this.#prices = new PriceTables(db)
    this.#writer = new JournalWriter(database)
    this.#letters = new DeadLetters(database)
    this.#spool = new Spool(database, this.#writer.names, this.#letters)
    this.#room = new JournalRoom(database, file, limits)
    this.#checkpoints = new Checkpoints(database, file)
    this.#limits = limits
    this.#letterCounts = this.#letters.counts()
    this.#told = this.#condition()
    this.#look = setInterval(() => this.#lookAfterItself(), LOOK_MS)
  }

  static async open(port: MessagePort, data: JournalWorkerData): Promise<JournalWorker> {
    const database = new DatabaseSync(data.file, { timeout: BUSY_TIMEOUT_MS })
    configure(database, data.durability)
    const db = new Kysely<Schema>({ dialect: nodeSqliteDialect(database) })
    await migrate(db, journalMigrations)
    return new JournalWorker(port, database, db, data)
  }

  greeting(): JournalGreeting {
    return { names: this.#writer.names, position: this.#position(), condition: this.#condition() }
  }

  /** Answers this request and all that wait behind it. The queries are synchronous underneath: nothing comes between. */
  async serve(first: JournalRequest): Promise<void> {
    const replies: JournalReply[] = []
    let appends: AppendRequest[] = []
    for (let request: JournalRequest | undefined = first; request !== undefined; request = this.#next()) {
      if (request.call === 'append') {
        appends.push(request)
        continue
      }
      this.#commit(appends, replies)
      appends = []
      replies.push(await this.#answer(request))
    }
    this.#commit(appends, replies)
    if (appends.length === 0 || this.#unmeasuredRows >= MEASURE_ROWS) this.#makeRoom()
    this.#tell(replies)
  }

  #next(): JournalRequest | undefined {
    return receiveMessageOnPort(this.#port)?.message
  }

  #commit(appends: readonly AppendRequest[], replies: JournalReply[]): void {
    if (appends.length === 0) return
    let outcomes: (number | Error)[]
    try {
      let rows = 0
      for (const { input } of appends) rows += input.observations + input.decisions
      this.#unmeasuredRows += rows
      outcomes = this.#writer.commit(appends.map(append => append.input))
      this.#room.succeeded()
      this.#checkpoints.committed(rows)
    } catch (error) {
      outcomes = appends.map(() => error as Error)
    }
    for (const [index, { id }] of appends.entries()) {
      const outcome = outcomes[index] as number | Error
      replies.push(typeof outcome === 'number' ? { id, output: outcome } : this.#failure(id, outcome))
    }
  }

  #failure(id: number, error: Error): JournalReply {
    return { id, failure: error.message, noRoom: this.#room.failed(error) }
  }

  /** The oldest give way, a few a group, so that none waits for long. */
  #makeRoom(): void {
    if (!this.#database.isOpen) return
    this.#unmeasuredRows = 0
    this.#room.measure()
    if (!this.#room.exceedsLimit || this.#limits.whenFull === 'refuse') return
    try {
      this.#room.dropped(this.#spool.dropOldest(DROP_ROWS))
      this.#room.measure()
    } catch (error) {
      // A full disk takes no deletion either.
      this.#room.failed(error as Error)
    }
  }

  #lookAfterItself(): void {
    this.#room.probe()
    this.#checkpoints.copy()
    this.#makeRoom()
    this.#countLetters()
    if (this.#news() !== null) this.#tell([])
  }

  /** Another process may have asked for some of them. */
  #countLetters(): void {
    try {
      this.#letterCounts = this.#letters.counts()
    } catch (error) {
      this.#room.failed(error as Error)
    }
  }

  #tell(replies: readonly JournalReply[]): void {
    const condition = this.#news()
    this.#told = condition ?? this.#told
    this.#port.postMessage({ replies, position: this.#position(), condition } satisfies JournalReplies)
  }

  /** Null where the other thread knows it already: it costs more to send than the rest of a message. */
  #news(): JournalCondition | null {
    const now = this.#condition()
    const told = this.#told
    const same =
      now.bytes === told.bytes &&
      now.refusal === told.refusal &&
      now.dropped === told.dropped &&
      now.letters.all === told.letters.all &&
      now.letters.requeued === told.letters.requeued
    return same ? null : now
  }

  #condition(): JournalCondition {
    return {
      bytes: this.#room.bytes,
      refusal: this.#room.refusal,
      dropped: this.#spool.dropped,
      letters: this.#letterCounts,
    }
  }

  async #answer(request: Exclude<JournalRequest, AppendRequest>): Promise<JournalReply> {
    try {
      return { id: request.id, output: await this.#call(request) }
    } catch (error) {
      return this.#failure(request.id, error as Error)
    }
  }

  async #call(
    request: Exclude<JournalRequest, AppendRequest>,
  ): Promise<Extract<JournalReply, { output: unknown }>['output']> {
    switch (request.call) {
      case 'find':
        return this.#repositories.find(request.input as Parameters<Repositories['find']>[0])
      case 'known':
        return [...(await this.#repositories.known(request.input))]
      case 'after':
        return this.#repositories.after(request.input.sequence, request.input.limit)
      case 'saveSnapshot':
        await this.#repositories.save(request.input)
        return null
      case 'loadSnapshot':
        return this.#repositories.load()
      case 'loadContext':
        return this.#repositories.loadContext(request.input)
      case 'saveContexts':
        await this.#repositories.saveContexts(request.input)
        return null
      case 'contextsAhead':
        return this.#repositories.contextsAhead(request.input)
      case 'undrained':
        return this.#spool.undrained(request.input)
      case 'drained':
        this.#spool.markDrained(request.input)
        return null
      case 'trim':
        return this.#spool.trim(request.input)
      case 'bury':
        this.#spool.bury(request.input.sequence, request.input.refusal)
        this.#letterCounts = this.#letters.counts()
        return null
      case 'requeued':
        return this.#letters.requeued(request.input)
      case 'resent':
        this.#resent(request.input)
        return null
      case 'tenants':
        return answer(this.#tenants, request.input)
      case 'prices':
        return answerPrices(this.#prices, request.input)
      case 'close':
        await this.#close()
        return null
    }
  }

  async #close(): Promise<void> {
    clearInterval(this.#look)
    await this.#checkpoints.close()
    this.#database.close()
  }

  #resent({ sequence, refusal }: JournalCalls['resent']['input']): void {
    if (refusal === null) this.#letters.remove(sequence)
    else this.#letters.refuse(sequence, refusal)
    this.#letterCounts = this.#letters.counts()
  }

  #position(): JournalReplies['position'] {
    return { last: this.#writer.last, drained: this.#spool.drained }
  }
}

function configure(database: DatabaseSync, durability: Durability): void {
  database.exec('pragma journal_mode = wal')
  database.exec(`pragma synchronous = ${durability === 'power' ? 'full' : 'normal'}`)
}

async function run(port: MessagePort): Promise<void> {
  try {
    const worker = await JournalWorker.open(port, workerData)
    port.postMessage(worker.greeting())
    port.on('message', (request: JournalRequest) => worker.serve(request))
  } catch (error) {
    port.postMessage({ failure: (error as Error).message } satisfies JournalGreeting)
  }
}

if (parentPort !== null) await run(parentPort)
