/** Keeps so many workers serving: starts them, replaces all of them one after the other, and stops them. It serves no traffic itself. */
import type { Clock } from '@atp/core/clock'
import { parseDuration } from '@atp/core/config'
import type { Logger } from '@atp/core/logging'
import type { Unfinished } from '@atp/core/shutdown'
import { createWorkerMetrics, type WorkerMetrics } from '@atp/infrastructure/telemetry'
import type { NativeModule } from '@atp/native'
import { Crew } from './crew.ts'
import type { Begun } from './messages.ts'
import { MetricSum } from './metric-sum.ts'
import type { Plan } from './plan.ts'
import { checkReplaceable } from './plan.ts'
import type { Launch } from './process.ts'
import { Seat, type SeatJob } from './seat.ts'
import { ownedPorts, servePorts } from './shared-ports.ts'

export interface PrimaryOptions {
  readonly launch: Launch
  readonly plan: Plan
  /** Makes a development tenant and keys. */
  readonly dev: boolean
  readonly log: Logger
  readonly clock: Clock
  /** All workers have their journals: those that are left are nobody's. Called each time that somebody has come or gone. */
  readonly onComplete: () => void
  readonly native: NativeModule
  /** The workers cannot be kept serving; all of them are stopped. */
  readonly onHopeless: (reason: string) => void
}

/** Of what a stop takes beside its configured time: for the worker to say how it went. */
const STOP_MARGIN_MS = 5_000

export class Primary {
  readonly #options: PrimaryOptions
  readonly #crew: Crew
  readonly #seats: readonly Seat[]
  #plan: Plan
  #stopping = false

  constructor(options: PrimaryOptions) {
    const { launch, plan, log, clock, native, onHopeless } = options
    const { config } = plan.loaded
    this.#options = options
    this.#plan = plan
    const counted = createWorkerMetrics()
    const metrics = new MetricSum(counted)
    this.#crew = new Crew({
      launch,
      calls: {
        scrape: () => metrics.render(),
        port: servePorts(ownedPorts(() => clock.now() * 1_000, native)),
      },
      metrics,
      dataDir: config.data.dir,
    })
    const seat = () =>
      new Seat({
        crew: this.#crew,
        log,
        now: () => clock.monotonic(),
        stopPatienceMs: () => this.#stopPatienceMs(),
        onChange: () => this.#changed(counted),
        onLost: () => counted.lost(),
        onHopeless,
      })
    this.#seats = Array.from({ length: plan.workers }, seat)
  }

  /** The first worker alone, so that what is wrong for all is said once, then the others. @throws {Error} for a person: none runs then */
  async start(): Promise<Begun> {
    const [first, ...others] = this.#seats
    try {
      const begun = await (first as Seat).fill(this.#job(this.#plan, this.#options.dev))
      await Promise.all(others.map(seat => seat.fill(this.#job(this.#plan, false))))
      return begun
    } catch (error) {
      if (!this.#stopping) await this.stop()
      throw error
    }
  }

  /**
   * Replaces all workers by such that serve by another plan, one after the other.
   * @throws {Error} where one of them does not start: then all serve by the plan before
   */
  async replace(plan: Plan): Promise<void> {
    checkReplaceable(this.#plan, plan)
    const replaced: Seat[] = []
    try {
      for (const seat of this.#seats) {
        await seat.fill(this.#job(plan, false))
        replaced.push(seat)
      }
    } catch (error) {
      for (const seat of replaced) await seat.fill(this.#job(this.#plan, false))
      throw error
    }
    this.#plan = plan
  }

  /** @returns what did not come to its own end */
  stop(): Promise<readonly Unfinished[]> {
    this.#stopping = true
    for (const seat of this.#seats) seat.close()
    return this.#crew.stop(this.#stopPatienceMs())
  }

  kill(): void {
    this.#crew.kill()
  }

  #changed(counted: WorkerMetrics): void {
    const taken = this.#seats.filter(({ isTaken }) => isTaken).length
    counted.serving(taken)
    const isComplete = taken === this.#seats.length && !this.#crew.isEnlisting
    if (isComplete && !this.#stopping) this.#options.onComplete()
  }

  #job({ configuration, workers, loaded }: Plan, dev: boolean): SeatJob {
    return {
      configuration,
      workers,
      developmentKeysIn: dev ? loaded.config.data.dir : null,
    }
  }

  #stopPatienceMs(): number {
    const { lag, total } = this.#plan.loaded.config.shutdown
    return parseDuration(lag) + parseDuration(total) + STOP_MARGIN_MS
  }
}
