/**
 * Moves the journal's rows to Postgres in order, in batches, each exactly once: a batch is sent again until its place is noted in the
 * journal, and Postgres ignores an id that it has. While Postgres is away the rows wait.
 */
import type { Logger } from '@atp/core/logging'
import type { Random } from '@atp/core/random'
import type { SpoolPosition } from '../journal/protocol.ts'
import type { SpoolBatch } from '../journal/spool.ts'
import { Pause } from './pause.ts'
import type { RowBatch } from './postgres-database.ts'

/** What the drain needs of the journal. */
export interface DrainSource {
  readonly position: SpoolPosition
  undrained(limit: number): Promise<SpoolBatch | null>
  drained(through: number): Promise<void>
  trim(limit: number): Promise<number>
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
  readonly random: Random
  /** Rows of a batch. */
  readonly batchSize?: number
  /** Milliseconds that a row may wait for company. */
  readonly lingerMs?: number
  /** The first and the longest wait between attempts while Postgres is away, in milliseconds. */
  readonly backoffMs?: { readonly first: number; readonly longest: number }
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
const UINT32_RANGE = 2 ** 32

export class PostgresDrain {
  readonly #source: DrainSource
  readonly #target: DrainTarget
  readonly #log: Logger
  readonly #random: Random
  readonly #batchSize: number
  readonly #lingerMs: number
  readonly #backoffMs: { readonly first: number; readonly longest: number }
  /** Between batches, until there are rows. */
  readonly #idle = new Pause()
  /** Between attempts, and for company: only an end in sight cuts it short. */
  readonly #wait = new Pause()
  #connected: boolean | null = null
  #attempts = 0
  #running: Promise<void> | null = null
  #stopping = false
  #hurried = false
  readonly #onSettled: (() => void)[] = []

  constructor(options: PostgresDrainOptions) {
    this.#source = options.source
    this.#target = options.target
    this.#log = options.log
    this.#random = options.random
    this.#batchSize = options.batchSize ?? 500
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
    const { last, drained } = this.#source.position
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
    try {
      while (!this.#stopping) await this.#step()
    } catch (error) {
      // Only the journal can fail here: without it there is nothing left to drain.
      this.#log.error({ reason: reasonOf(error) }, 'the drain to Postgres stopped')
    }
  }

  async #step(): Promise<void> {
    const batch = await this.#source.undrained(this.#batchSize)
    if (!(await this.#deliver(batch))) {
      this.#settled()
      await this.#wait.for(this.#backoff())
      return
    }
    if (batch !== null) await this.#source.drained(batch.through)
    const trimmed = await this.#source.trim(TRIM_ROWS)
    const more = batch === null ? trimmed > 0 : batch.rows === this.#batchSize
    if (more) return
    if (batch === null) {
      // Rows may have come since we looked: then the pause is over before it begins.
      if (this.status().lag === 0) this.#settled()
      await this.#idle.until()
    }
    if (!this.#hurried && !this.#stopping) await this.#wait.for(this.#lingerMs)
  }

  /** Nothing more is to be had now: whoever waits for that goes on. */
  #settled(): void {
    for (const resolve of this.#onSettled.splice(0)) resolve()
  }

  /** @returns false where Postgres did not take it */
  async #deliver(batch: SpoolBatch | null): Promise<boolean> {
    try {
      await this.#target.ready()
      if (batch !== null) await this.#target.insert(batch)
    } catch (error) {
      if (this.#connected !== false) {
        this.#log.warn(
          { reason: reasonOf(error), lag: this.status().lag },
          'Postgres takes no rows: they wait in the journal',
        )
      }
      this.#connected = false
      return false
    }
    if (this.#connected === false) {
      this.#log.info({ lag: this.status().lag }, 'Postgres takes rows again')
    }
    this.#connected = true
    this.#attempts = 0
    return true
  }

  /** Exponential, and a random half of it: replicas must not come back all at once. */
  #backoff(): number {
    const { first, longest } = this.#backoffMs
    const full = Math.min(longest, first * 2 ** this.#attempts)
    this.#attempts += 1
    return full * (0.5 + this.#random.uint32() / UINT32_RANGE / 2)
  }
}

/** Node's error for a host that refuses at all its addresses has a code and no message. */
function reasonOf(error: unknown): string {
  const { message, code } = error as { message?: string; code?: string }
  return message || code || String(error)
}
