/**
 * Inserts encoded batches. Observations and decisions share one sequence, and a batch's decisions are numbered after its
 * observations: so one number says how far the journal is drained, and a decision outlives the observations made with it.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { type EncodedBatch, NUMBERS_PER_CANDIDATE } from './batch-layout.ts'
import { integer, integerOrNull, real, realOrNull } from './checked-number.ts'
import { INSERT_DECISION, INSERT_OBSERVATION, LAST_SEQUENCES } from './journal-sql.ts'

export class JournalWriter {
  readonly #database: DatabaseSync
  readonly #insertObservation: StatementSync
  readonly #insertDecision: StatementSync
  readonly #insertName: StatementSync
  readonly #names: string[]
  #storedNames: number
  #last: number
  #lastObservation: number

  /** @param database migrated already */
  constructor(database: DatabaseSync) {
    this.#database = database
    this.#insertObservation = database.prepare(INSERT_OBSERVATION)
    this.#insertDecision = database.prepare(INSERT_DECISION)
    this.#insertName = database.prepare('insert into names (number, name) values (?, ?)')
    this.#names = database
      .prepare('select name from names order by number')
      .all()
      .map(row => row.name as string)
    this.#storedNames = this.#names.length
    const { last, lastObservation } = database.prepare(LAST_SEQUENCES).get() as Record<string, number>
    this.#last = last as number
    this.#lastObservation = lastObservation as number
  }

  get names(): readonly string[] {
    return this.#names
  }

  /** The last sequence number given to a row. */
  get last(): number {
    return this.#last
  }

  /**
   * Commits all batches as one group; a batch that the journal refuses is undone alone.
   * @returns for each batch the sequence of the last observation so far, or why it was refused
   * @throws {Error} where the commit fails: then nothing is written
   */
  commit(batches: readonly EncodedBatch[]): (number | Error)[] {
    const before = this.#mark()
    const storedNames = this.#storedNames
    this.#database.exec('begin immediate')
    try {
      for (const batch of batches) this.#names.push(...batch.names)
      this.#storeNames()
      const outcomes = batches.map(batch => this.#insertOrUndo(batch))
      this.#database.exec('commit')
      return outcomes
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('rollback')
      this.#storedNames = storedNames
      this.#return(before)
      throw error
    }
  }

  #insertOrUndo(batch: EncodedBatch): number | Error {
    const before = this.#mark()
    this.#database.exec('savepoint batch')
    try {
      this.#insert(batch)
      this.#database.exec('release batch')
      return this.#lastObservation
    } catch (error) {
      // A full disk ends the whole transaction: nothing is left to undo alone.
      if (!this.#database.isTransaction) throw error
      this.#database.exec('rollback to batch')
      this.#database.exec('release batch')
      this.#return(before)
      return error as Error
    }
  }

  #insert({ observations, decisions, numbers, strings }: EncodedBatch): void {
    let n = 0
    let s = 0
    for (let i = 0; i < observations; i++) {
      const inserted = this.#insertObservation.run(
        this.#last + 1,
        strings[s++] as string,
        this.#name(numbers[n++]),
        integer('at', numbers[n++]),
        strings[s++] as string,
        strings[s++] as string | null,
        this.#name(numbers[n++]),
        this.#name(numbers[n++]),
        realOrNull('quality', numbers[n++]),
        realOrNull('latency', numbers[n++]),
        realOrNull('timeToFirstToken', numbers[n++]),
        integerOrNull('usage.inputTokens', numbers[n++]),
        integerOrNull('usage.outputTokens', numbers[n++]),
        integerOrNull('usage.estimated', numbers[n++]),
        integerOrNull('cost', numbers[n++]),
      )
      if (inserted.changes !== 0) {
        this.#last += 1
        this.#lastObservation = this.#last
      }
    }
    for (let i = 0; i < decisions; i++) {
      const id = strings[s++] as string
      const tenant = strings[s++] as string
      const seed = strings[s++] as string
      const features = strings[s++] as string | null
      const task = strings[s++] as string | null
      const keyId = strings[s++] as string | null
      const at = integer('at', numbers[n++])
      const arm = this.#name(numbers[n++])
      const strategy = this.#name(numbers[n++])
      const pinned = numbers[n++] as number
      const stateVersion = integer('stateVersion', numbers[n++])
      const weightQuality = real('weights.quality', numbers[n++])
      const weightCost = real('weights.cost', numbers[n++])
      const weightLatency = real('weights.latency', numbers[n++])
      const exploration = real('exploration', numbers[n++])
      const shadowStrategy = this.#nameOrNull(numbers[n++])
      const shadowArm = this.#nameOrNull(numbers[n++])
      const signal = this.#nameOrNull(numbers[n++])
      const signalWorth = realOrNull('signal.worth', numbers[n++])
      const length = (numbers[n++] as number) * NUMBERS_PER_CANDIDATE
      const candidates = new Uint8Array(numbers.buffer, numbers.byteOffset + n * 8, length * 8)
      let excluded = 0
      for (let last = NUMBERS_PER_CANDIDATE - 1; last < length; last += NUMBERS_PER_CANDIDATE) {
        excluded += numbers[n + last] as number
      }
      n += length
      const exclusions: string[] = []
      for (let j = 0; j < excluded; j++) exclusions.push(this.#name(numbers[n++]), strings[s++] as string)
      const inserted = this.#insertDecision.run(
        this.#last + 1,
        id,
        at,
        tenant,
        arm,
        strategy,
        pinned,
        seed,
        stateVersion,
        weightQuality,
        weightCost,
        weightLatency,
        candidates,
        excluded === 0 ? null : JSON.stringify(exclusions),
        features,
        exploration,
        shadowStrategy,
        shadowArm,
        signal,
        signalWorth,
        task,
        keyId,
      )
      if (inserted.changes !== 0) this.#last += 1
    }
  }

  /** The sender counts on its names being known, also where its batch was refused. */
  #storeNames(): void {
    while (this.#storedNames < this.#names.length) {
      this.#insertName.run(this.#storedNames, this.#names[this.#storedNames] as string)
      this.#storedNames += 1
    }
  }

  #name(number: number | undefined): string {
    return this.#names[number as number] as string
  }

  #nameOrNull(number: number | undefined): string | null {
    return Number.isNaN(number) ? null : this.#name(number)
  }

  #mark(): Mark {
    return { last: this.#last, lastObservation: this.#lastObservation }
  }

  #return(mark: Mark): void {
    this.#last = mark.last
    this.#lastObservation = mark.lastObservation
  }
}

interface Mark {
  readonly last: number
  readonly lastObservation: number
}
