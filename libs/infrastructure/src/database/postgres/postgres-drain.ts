/**
 * Moves the journal's rows to Postgres in order, in batches, each exactly once: a batch is sent again until its place is noted in the
 * journal, and Postgres ignores an id that it has. While Postgres is away the rows wait. A batch that it refuses is halved until
 * the row that it refuses stands alone; that one is put aside, and the rest goes on.
 */
import type { Clock } from '@atp/core/clock'
import type { Logger } from '@atp/core/logging'
import type { Random } from '@atp/core/random'
import type { DeadLetter, Refusal } from '../journal/dead-letters.ts'
import type { SpoolPosition } from '../journal/protocol.ts'
import type { SpoolBatch } from '../journal/spool.ts'
import { Pause } from './pause.ts'
import type { RowBatch } from './postgres-database.ts'
import { isRefusal } from './refusal.ts'

/** What the drain needs of the journal. */
export interface DrainSource {
  readonly position: SpoolPosition
  readonly condition: { readonly letters: { readonly requeued: number } }
  undrained(limit: number): Promise<SpoolBatch | null>
  drained(through: number): Promise<void>
  trim(limit: number): Promise<number>
  bury(sequence: number, refusal: Refusal): Promise<void>
  requeued(limit: number): Promise<readonly DeadLetter[]>
  resent(sequence: number, refusal: Refusal | null): Promise<void>
}

/** What the drain needs of Postgres. */
export interface DrainTarget {
  ready(): Promise<void>
  insert(batch: RowBatch): Promise<number>
}

export interface PostgresDrainOptions {
  readonly source: DrainSource
  readonly target: DrainTarget
  readonly log: Logger
  readonly clock: Pick<Clock, 'now'>
  readonly random: Random
  /** Rows of a batch. */
  readonly batchSize?: number
  /** Milliseconds that a row may wait for company. */
  readonly lingerMs?: number
  /** The first and the longest wait between attempts while Postgres is away, in milliseconds. */
  readonly backoffMs?: { readonly first: number; readonly longest: number }
  /** Hears of each step forward. */
  readonly onProgress?: () => void
}

export interface DrainStatus {
  /** Null before the first attempt. */
  readonly connected: boolean | null
  /** Rows that are not in Postgres yet. */
  readonly lag: number
  /** The sequence of the journal's last row, and up to which one all are in Postgres. */
  readonly last: number
  readonly drained: number
}

const TRIM_ROWS = 2_000
/** Rows that are sent again, one by one, between two batches. */
const RESEND_ROWS = 100
const UINT32_RANGE = 2 ** 32

type Delivery = 'taken' | 'away' | Refusal

export class PostgresDrain {
  readonly #options: PostgresDrainOptions
  readonly #batchSize: number
  readonly #lingerMs: number
  readonly #backoffMs: { readonly first: number; readonly longest: number }
  /** Between batches, until there are rows. */
  readonly #idle = new Pause()
  /** Between attempts, and for company: only an end in sight cuts it short. */
  readonly #wait = new Pause()
  /** Rows of the next batch: halved by each refusal, doubled by each success. */
  #limit: number
  #connected: boolean | null = null
  #attempts = 0
  #running: Promise<void> | null = null
  #stopping = false
  #hurried = false
  readonly #onSettled: (() => void)[] = []

  constructor(options: PostgresDrainOptions) {
    this.#options = options
    this.#batchSize = options.batchSize ?? 500
    this.#limit = this.#batchSize
    this.#lingerMs = options.lingerMs ?? 50
    this.#backoffMs = options.backoffMs ?? { first: 100, longest: 10_000 }
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** There are new rows, or rows that may go. */
  notify(): void {
    this.#idle.end()
  }

  status(): DrainStatus {
    const { last, drained } = this.#options.source.position
    return { connected: this.#connected, lag: last - drained, last, drained }
  }

  /**
   * Hurries until the journal is empty or Postgres takes nothing, at most `deadlineMs` milliseconds.
   * @returns the rows that are left: they stay in the journal, for the next start
   */
  async flush(deadlineMs: number): Promise<number> {
    if (this.#running === null) return this.status().lag
    this.#hurried = true
    this.#idle.end()
    this.#wait.end()
    const deadline = new Pause()
    const settled = new Promise<void>(resolve => this.#onSettled.push(resolve))
    await Promise.race([settled, deadline.for(deadlineMs), this.#running])
    deadline.end()
    this.#hurried = false
    return this.status().lag
  }

  /** Resolves when the batch under way is done. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#idle.end()
    this.#wait.end()
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      try {
        await this.#step()
      } catch (error) {
        await this.#withoutJournal(error)
      }
    }
  }

  async #step(): Promise<void> {
    const { source } = this.#options
    const batch = await source.undrained(this.#limit)
    const delivery = await this.#deliver(batch)
    if (delivery === 'away') return this.#pauseAway()
    if (delivery !== 'taken') return this.#narrow(batch as SpoolBatch, delivery)
    if (batch !== null) await source.drained(batch.through)
    const full = batch !== null && batch.rows === this.#limit
    this.#limit = Math.min(this.#batchSize, this.#limit * 2)
    this.#options.onProgress?.()
    const resent = await this.#resend()
    if (resent === 'away') return this.#pauseAway()
    const trimmed = await source.trim(TRIM_ROWS)
    if (full || (batch === null && trimmed + resent > 0)) return
    if (batch === null) {
      // Rows may have come since we looked: then the pause is over before it begins.
      if (this.status().lag === 0) this.#settled()
      await this.#idle.until()
    }
    if (!this.#hurried && !this.#stopping) await this.#wait.for(this.#lingerMs)
  }

  async #pauseAway(): Promise<void> {
    this.#settled()
    await this.#wait.for(this.#backoff())
  }

  /** Only the journal can fail here, on a full disk for example: what was sent is sent again. */
  async #withoutJournal(error: unknown): Promise<void> {
    if (this.#stopping) return
    if (this.#attempts === 0) {
      this.#options.log.error({ reason: reasonOf(error) }, 'the drain to Postgres cannot note how far it is')
    }
    await this.#pauseAway()
  }

  /** Nothing more is to be had now: whoever waits for that goes on. */
  #settled(): void {
    for (const resolve of this.#onSettled.splice(0)) resolve()
  }

  /** Postgres refused a batch: half of it next, or, where it is one row, the others without it. */
  async #narrow({ rows, through }: SpoolBatch, refusal: Refusal): Promise<void> {
    this.#limit = Math.max(1, Math.floor(rows / 2))
    if (rows > 1) return
    const { source, log } = this.#options
    await source.bury(through, refusal)
    log.error(refusal, 'Postgres refuses a row: it is kept aside, see `atp dead-letters list`')
    this.#options.onProgress?.()
  }

  /** @returns how many rows were sent again, whatever came of it */
  async #resend(): Promise<number | 'away'> {
    const { source } = this.#options
    if (source.condition.letters.requeued === 0) return 0
    let sent = 0
    for (const { sequence, kind, row } of await source.requeued(RESEND_ROWS)) {
      const rows = `[${row}]`
      const delivery = await this.#deliver(
        kind === 'decision'
          ? { decisions: rows, observations: '[]' }
          : { decisions: '[]', observations: rows },
      )
      if (delivery === 'away') return 'away'
      await source.resent(sequence, delivery === 'taken' ? null : delivery)
      sent += 1
    }
    return sent
  }

  async #deliver(batch: RowBatch | null): Promise<Delivery> {
    const { target, log, clock } = this.#options
    try {
      await target.ready()
      if (batch !== null) await target.insert(batch)
    } catch (error) {
      if (isRefusal(error)) {
        this.#answered()
        return { code: error.code, reason: error.message, at: clock.now() }
      }
      if (this.#connected !== false) {
        log.warn(
          { reason: reasonOf(error), lag: this.status().lag },
          'Postgres takes no rows: they wait in the journal',
        )
      }
      this.#connected = false
      return 'away'
    }
    this.#answered()
    return 'taken'
  }

  #answered(): void {
    if (this.#connected === false) {
      this.#options.log.info({ lag: this.status().lag }, 'Postgres takes rows again')
    }
    this.#connected = true
    this.#attempts = 0
  }

  /** Exponential, and a random half of it: replicas must not come back all at once. */
  #backoff(): number {
    const { first, longest } = this.#backoffMs
    const full = Math.min(longest, first * 2 ** this.#attempts)
    this.#attempts += 1
    return full * (0.5 + this.#options.random.uint32() / UINT32_RANGE / 2)
  }
}

/** Node's error for a host that refuses at all its addresses has a code and no message. */
function reasonOf(error: unknown): string {
  const { message, code } = error as { message?: string; code?: string }
  return message || code || String(error)
}
