/** One worker, from its launch to its end. */
import { join } from 'node:path'
import type { MetricFigures } from '@atp/infrastructure/telemetry'
import { workerDirectory } from './journals.ts'
import type { Begun, Job, Left } from './messages.ts'
import type { Ended, WorkerProcess } from './process.ts'

/** Each component of its start has a time of its own, a long replay ten minutes: a process that takes longer hangs as a whole. */
const BEGIN_PATIENCE_MS = 15 * 60_000
/** An idle connection lives for 72 s; then its worker has nothing to wait for. */
const RETIRE_PATIENCE_MS = 90_000
const FIGURES_PATIENCE_MS = 1_000

export class Member {
  /** Names its directory; free again once it has ended. */
  readonly number: number
  readonly #process: WorkerProcess
  #leaving: Promise<Left> | null = null
  #lastFigures: MetricFigures | null = null

  constructor(number: number, process: WorkerProcess) {
    this.number = number
    this.#process = process
  }

  get pid(): number {
    return this.#process.pid
  }

  get ended(): Promise<Ended> {
    return this.#process.ended
  }

  /** What it had counted when it left in good order; null before, and where it did not. */
  get lastFigures(): MetricFigures | null {
    return this.#lastFigures
  }

  /** @throws {Error} where it did not start, for a person; it has ended then */
  async begin(dataDir: string, job: Omit<Job, 'dataDir'>): Promise<Begun> {
    try {
      const whole = { ...job, dataDir: join(dataDir, workerDirectory(this.number)) }
      return await this.#process.wire.ask('begin', whole, BEGIN_PATIENCE_MS)
    } catch (error) {
      // Who is stopped before it has begun ends in its own good time.
      if (this.#leaving === null) this.#process.kill()
      await this.#process.ended
      throw error
    }
  }

  figures(): Promise<MetricFigures> {
    return this.#process.wire.ask('figures', null, FIGURES_PATIENCE_MS)
  }

  /** Lets its clients go over to the other workers, then has it stop. @param patienceMs for the stop alone */
  async retire(patienceMs: number): Promise<Left> {
    await this.#process.wire.ask('retire', null, RETIRE_PATIENCE_MS).catch(() => undefined)
    return this.stop(patienceMs)
  }

  /** Has it stop in good order, or ends it after so many milliseconds; a second call awaits the same stop. Resolves when it has ended. */
  stop(patienceMs: number): Promise<Left> {
    this.#leaving ??= this.#leave(patienceMs)
    return this.#leaving
  }

  kill(): void {
    this.#process.kill()
  }

  async #leave(patienceMs: number): Promise<Left> {
    const left = await this.#process.wire.ask('stop', null, patienceMs).catch(() => null)
    this.#lastFigures = left?.figures ?? null
    if (left === null) this.#process.kill()
    else this.#process.hangUp()
    const { code } = await this.#process.ended
    if (left !== null) return left
    // A signal that the whole group got may have had it stop before it was asked to: 0 says in good order.
    const unfinished =
      code === 0 ? [] : [{ phase: 'streams', name: `worker ${this.number}`, fate: 'cut' } as const]
    return { unfinished, figures: null }
  }
}
