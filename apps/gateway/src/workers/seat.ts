/** A place that one worker at a time holds. Whoever leaves it by accident is followed by another; one that is to be replaced serves until its successor does. */
import type { Logger } from '@atp/core/logging'
import type { Crew } from './crew.ts'
import type { Member } from './member.ts'
import type { Begun, Job } from './messages.ts'

export type SeatJob = Omit<Job, 'dataDir' | 'readyFirst'>

export interface SeatOptions {
  readonly crew: Pick<Crew, 'enlist' | 'retire'>
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
  /** Milliseconds that never go back. */
  readonly now: () => number
  /** Milliseconds that a stop may take. */
  readonly stopPatienceMs: () => number
  /** Somebody took the seat, or left it, or has retired from it. */
  readonly onChange: () => void
  readonly onLost: () => void
  /** It is given up: each of its last workers ended at once. */
  readonly onHopeless: (reason: string) => void
}

/** In a row: more are no accident. */
const MAX_FAILURES = 5
/** A worker that lived so long did not fail at once. */
const STEADY_MS = 30_000
const FIRST_DELAY_MS = 100

export class Seat {
  readonly #options: SeatOptions
  #member: Member | null = null
  #job: SeatJob | null = null
  #since = 0
  #failures = 0
  /** Grows with each decision about who sits here: what was begun for an earlier one is let go. */
  #turn = 0
  /** Somebody is about to take it. */
  #filling = false

  constructor(options: SeatOptions) {
    this.#options = options
  }

  get isTaken(): boolean {
    return this.#member !== null
  }

  /**
   * Has a new worker serve here, and the one before retire once it does.
   * @throws {Error} where it did not start, for a person: the one before serves on
   */
  async fill(job: SeatJob): Promise<Begun> {
    const turn = ++this.#turn
    this.#filling = true
    try {
      const begun = await this.#take(turn, { ...job, readyFirst: this.#job !== null })
      this.#job = job
      this.#failures = 0
      return begun
    } finally {
      this.#filling = false
      if (this.#job !== null && this.#member === null) void this.#refill()
    }
  }

  /** Nobody is to follow any more. */
  close(): void {
    this.#turn += 1
    this.#job = null
  }

  async #take(turn: number, job: Omit<Job, 'dataDir'>): Promise<Begun> {
    const { crew, now, log, onChange } = this.#options
    const { member, begun } = await crew.enlist(job)
    if (turn !== this.#turn) {
      void this.#retire(member)
      throw new Error('it was not wanted any more')
    }
    const before = this.#member
    this.#member = member
    this.#since = now()
    onChange()
    log.info({ worker: member.number, pid: member.pid }, 'a worker serves')
    void member.ended.then(({ code, signal }) => this.#lost(member, code ?? signal))
    if (before !== null) void this.#retire(before)
    return begun
  }

  async #retire(member: Member): Promise<void> {
    const { unfinished } = await this.#options.crew.retire(member, this.#options.stopPatienceMs())
    const details = { worker: member.number, pid: member.pid }
    if (unfinished.length === 0)
      this.#options.log.info(details, 'a worker left, and its clients have gone over')
    else this.#options.log.warn({ ...details, unfinished }, 'a worker left, and cut something off')
    this.#options.onChange()
  }

  #lost(member: Member, how: number | string | null): void {
    if (member !== this.#member) return
    this.#member = null
    const { log, now, onChange, onLost } = this.#options
    onChange()
    if (this.#job === null) return
    onLost()
    log.error({ worker: member.number, pid: member.pid, ended: how }, 'a worker ended by itself')
    if (now() - this.#since >= STEADY_MS) this.#failures = 0
    this.#failures += 1
    if (!this.#filling) void this.#refill()
  }

  async #refill(): Promise<void> {
    const { log, onHopeless } = this.#options
    const turn = ++this.#turn
    while (this.#failures < MAX_FAILURES) {
      await new Promise(resolve => setTimeout(resolve, FIRST_DELAY_MS * 2 ** this.#failures))
      const job = this.#job
      if (turn !== this.#turn || job === null) return
      try {
        await this.#take(turn, { ...job, readyFirst: false })
        return
      } catch (error) {
        if (turn !== this.#turn) return
        this.#failures += 1
        log.error({ err: error }, 'a worker did not start again')
      }
    }
    onHopeless(`a worker ended ${MAX_FAILURES} times in a row, each time soon after its start`)
  }
}
