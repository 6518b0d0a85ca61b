/** Keeps this replica's learned state and that of the others one: a round of exchange every interval, from start to stop. */
import type { Clock } from '@atp/core/clock'
import { newId } from '@atp/core/ids'
import type { Logger } from '@atp/core/logging'
import type { Random } from '@atp/core/random'
import { systemTimers, within } from '@atp/core/timers'
import type { ObservationRepository, ObservationService, Snapshot } from '@atp/domain/observation'
import { ReplicaExchange, relearn, type SharedSums } from '@atp/domain/replication'
import type { LearnedState } from '@atp/domain/routing'
import type { Metrics } from '@atp/infrastructure/telemetry'
import type { CheckResult } from '../http/readiness.ts'

export interface ReplicasOptions {
  readonly sums: SharedSums
  readonly learned: LearnedState
  /** Another state that knows the same arms, and nothing of them. */
  readonly blank: () => LearnedState
  readonly progress: Pick<ObservationService, 'appliedSequence'>
  readonly observations: Pick<ObservationRepository, 'after'>
  /** Names this replica's journal. */
  readonly replica: string
  readonly intervalMs: number
  readonly clock: Clock
  readonly random: Random
  readonly metrics: Pick<Metrics, 'exchanged'>
  readonly log: Logger
}

/** A start waits so long for what the others know; a stop, for the others to be told. */
const PATIENCE_MS = 2_000

export class Replicas {
  readonly #options: ReplicasOptions
  #exchange: ReplicaExchange | null = null
  #contexts: { exchange(): Promise<void> } | null = null
  #timer: NodeJS.Timeout | undefined
  #stopped = false
  /** Why the last round failed; null where it did not. */
  #failure: string | null = null

  constructor(options: ReplicasOptions) {
    this.#options = options
  }

  /** This replica's own observations up to here are in `snapshot()`. */
  get appliedSequence(): number {
    return this.#exchange?.moment.sequence ?? 0
  }

  /** What all replicas knew when they last agreed: later observations of this one are in its journal. */
  snapshot(): ReturnType<LearnedState['snapshot']> {
    return this.#options.learned.snapshot(this.#exchange?.moment.parts)
  }

  /** Begins from what the others know, where they can be reached; otherwise from what is known here. */
  async start(snapshot: Snapshot | null): Promise<void> {
    const { sums, learned, blank, progress, observations, replica, clock, random, log } = this.#options
    const warn = (message: string) => log.warn(message)
    const newName = () => newId(clock, random)
    this.#exchange = new ReplicaExchange({
      sums,
      sharer: learned,
      replica,
      sequence: () => progress.appliedSequence,
      newName,
      begin: { parts: learned.partsIn(snapshot?.arms ?? {}), sequence: snapshot?.appliedSequence ?? 0 },
      relearn: (...of) => relearn({ learner: blank, observations, warn }, ...of),
    })
    this.#contexts = learned.contexts.share({ sums, replica, newName })
    await within(systemTimers, PATIENCE_MS, this.#round())
    this.#schedule()
  }

  /** Tells the others what was learned last, where they can be reached. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    // A round that is under way may have begun before the last observation.
    await within(
      systemTimers,
      PATIENCE_MS,
      this.#round().then(() => this.#round()),
    )
  }

  readiness(): CheckResult {
    if (this.#failure === null) return { status: 'ok', detail: null }
    return { status: 'degraded', detail: `this replica learns alone: ${this.#failure}` }
  }

  #schedule(): void {
    this.#timer = setTimeout(async () => {
      await this.#round()
      if (!this.#stopped) this.#schedule()
    }, this.#options.intervalMs)
  }

  async #round(): Promise<void> {
    const { metrics, log } = this.#options
    try {
      await this.#exchange?.exchange()
      // Only where that was answered: contexts are many, and each failure would take its time.
      await this.#contexts?.exchange()
      if (this.#failure !== null) log.info('replicas exchange again what they learn')
      this.#failure = null
    } catch (error) {
      const { message: failure } = error as Error
      if (this.#failure === null) log.warn({ err: error }, 'this replica learns alone: the exchange failed')
      this.#failure = failure
    }
    metrics.exchanged(this.#failure === null)
  }
}
