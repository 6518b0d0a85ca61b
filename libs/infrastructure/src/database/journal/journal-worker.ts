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
import { JournalWriter } from './journal-writer.ts'
import { nodeSqliteDialect } from './node-sqlite-dialect.ts'
import type {
  AppendRequest,
  Durability,
  JournalGreeting,
  JournalReplies,
  JournalReply,
  JournalRequest,
  JournalWorkerData,
} from './protocol.ts'
import { Spool } from './spool.ts'

/**
 * Pages of 4 KiB that the write-ahead log may grow to. Appends wait while it is copied back: at 10,000 requests a second a
 * log of 1 MiB holds up the slowest percent for 2 ms, SQLite's own 4 MiB for 6 ms, 16 MiB for 24 ms.
 */
const CHECKPOINT_PAGES = 256

class JournalWorker {
  readonly #port: MessagePort
  readonly #database: DatabaseSync
  readonly #repositories: Repositories
  readonly #tenants: TenantTables
  readonly #prices: PriceTables
  readonly #writer: JournalWriter
  readonly #spool: Spool

  private constructor(port: MessagePort, database: DatabaseSync, db: Kysely<Schema>, replica: string) {
    this.#port = port
    this.#database = database
    this.#repositories = new Repositories(db, replica)
    this.#tenants = new TenantTables(db)
    this.#prices = new PriceTables(db)
    this.#writer = new JournalWriter(database)
    this.#spool = new Spool(database, this.#writer.names)
  }

  static async open(
    port: MessagePort,
    { file, replica, durability }: JournalWorkerData,
  ): Promise<JournalWorker> {
    const database = new DatabaseSync(file)
    configure(database, durability)
    const db = new Kysely<Schema>({ dialect: nodeSqliteDialect(database) })
    await migrate(db, journalMigrations)
    return new JournalWorker(port, database, db, replica)
  }

  greeting(): JournalGreeting {
    return { names: this.#writer.names, position: this.#position() }
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
    this.#port.postMessage({ replies, position: this.#position() } satisfies JournalReplies)
  }

  #next(): JournalRequest | undefined {
    return receiveMessageOnPort(this.#port)?.message
  }

  #commit(appends: readonly AppendRequest[], replies: JournalReply[]): void {
    if (appends.length === 0) return
    let outcomes: (number | Error)[]
    try {
      outcomes = this.#writer.commit(appends.map(append => append.input))
    } catch (error) {
      outcomes = appends.map(() => error as Error)
    }
    for (const [index, { id }] of appends.entries()) {
      const outcome = outcomes[index] as number | Error
      replies.push(typeof outcome === 'number' ? { id, output: outcome } : { id, failure: outcome.message })
    }
  }

  async #answer(request: Exclude<JournalRequest, AppendRequest>): Promise<JournalReply> {
    try {
      return { id: request.id, output: await this.#call(request) }
    } catch (error) {
      return { id: request.id, failure: (error as Error).message }
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
      case 'tenants':
        return answer(this.#tenants, request.input)
      case 'prices':
        return answerPrices(this.#prices, request.input)
      case 'close':
        this.#database.exec('pragma wal_checkpoint(truncate)')
        this.#database.close()
        return null
    }
  }

  #position(): JournalReplies['position'] {
    return { last: this.#writer.last, drained: this.#spool.drained }
  }
}

function configure(database: DatabaseSync, durability: Durability): void {
  database.exec('pragma journal_mode = wal')
  database.exec(`pragma synchronous = ${durability === 'power' ? 'full' : 'normal'}`)
  database.exec(`pragma wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
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
