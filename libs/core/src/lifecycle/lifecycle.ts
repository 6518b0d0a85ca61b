/**
 * Starts components, each after what it needs and beside what it doesn't, and stops them the other way round. A start that fails,
 * hangs, or is stopped halfway leaves nothing running: what had started is stopped again.
 */
import type { Clock } from '../clock.ts'
import { AtpError } from '../errors.ts'
import type { Logger } from '../logging.ts'
import { type Timers, within } from '../timers.ts'
import type { Component } from './component.ts'
import { chainLengths, dependencyOrder } from './dependency-order.ts'

export interface LifecycleOptions {
  readonly components: readonly Component[]
  readonly log: Logger
  readonly clock: Clock
  readonly timers: Timers
}

/** A component that did not stop in good order: `failed` where it threw, `hung` where it was waited for in vain. */
export interface StopFailure {
  readonly component: string
  readonly fate: 'failed' | 'hung'
  readonly error: Error
}

const START_TIMEOUT_MS = 60_000
const ROLLBACK_PATIENCE_MS = 30_000

export class Lifecycle {
  readonly #log: Logger
  readonly #clock: Clock
  readonly #timers: Timers
  /** As they can start. */
  readonly #order: readonly Component[]
  readonly #chains: ReadonlyMap<string, number>
  readonly #underWay = new Set<Component>()
  readonly #started = new Set<Component>()
  /** Fires when the start has failed or is stopped: nothing more is begun then. */
  readonly #givenUp = new AbortController()
  #starting: Promise<void> | undefined
  #failure: AtpError | undefined
  #stopping: Promise<readonly StopFailure[]> | undefined

  /** @throws AtpError `invalid_argument` naming a component that is there twice, is needed but not there, or needs itself */
  constructor({ components, log, clock, timers }: LifecycleOptions) {
    this.#log = log
    this.#clock = clock
    this.#timers = timers
    this.#order = dependencyOrder(components)
    this.#chains = chainLengths(this.#order)
  }

  /**
   * @throws AtpError `start_failed`, naming the component that failed or took too long, its error as cause; `shutting_down` when
   *   stopped halfway; `invalid_argument` when called twice. Whatever had started is stopped by then.
   */
  async start(): Promise<void> {
    if (this.#starting) throw new AtpError('invalid_argument', { detail: 'the lifecycle was started twice' })
    this.#starting = this.#startAll()
    await this.#starting
    if (!this.#givenUp.signal.aborted) return
    await this.stop(ROLLBACK_PATIENCE_MS)
    throw this.#failure ?? new AtpError('shutting_down', { detail: 'The start was stopped halfway.' })
  }

  /**
   * Stops what runs. Who fails to stop, or hangs, is logged and keeps no other from its turn; a second call awaits the same stop.
   * @param patienceMs milliseconds that all of it may take: a component may use its part of what is left, by how many come after it
   * @returns what went wrong
   */
  stop(patienceMs = Number.POSITIVE_INFINITY): Promise<readonly StopFailure[]> {
    this.#stopping ??= this.#stopAll(this.#clock.monotonic() + patienceMs)
    return this.#stopping
  }

  /** Never rejects. */
  async #startAll(): Promise<void> {
    const starts = new Map<string, Promise<void>>()
    for (const component of this.#order) {
      const needed = (component.needs ?? []).map(name => starts.get(name))
      starts.set(component.name, this.#startAfter(needed, component))
    }
    await Promise.all(starts.values())
  }

  async #startAfter(needed: readonly (Promise<void> | undefined)[], component: Component): Promise<void> {
    await Promise.all(needed)
    if (this.#givenUp.signal.aborted) return
    this.#underWay.add(component)
    try {
      await this.#timed(component, 'started', () => this.#startOne(component))
      this.#started.add(component)
    } catch (cause) {
      // One that gives up since it was told to is no failure.
      if (!this.#givenUp.signal.aborted) this.#failure = startFailed(component, cause)
      this.#givenUp.abort()
    } finally {
      this.#underWay.delete(component)
    }
  }

  async #startOne(component: Component): Promise<void> {
    const started = asPromise(() => component.start?.(this.#givenUp.signal))
    try {
      await this.#inTime(component.startTimeoutMs ?? START_TIMEOUT_MS, started, 'start')
    } catch (error) {
      // Should it come after all, nobody wants it any more.
      if (error instanceof TookTooLong) started.then(() => component.stop?.(0)).catch(() => {})
      throw error
    }
  }

  async #stopAll(deadline: number): Promise<readonly StopFailure[]> {
    const failures: StopFailure[] = []
    this.#givenUp.abort()
    if (this.#starting) {
      // What is starting can only be stopped when it has started; half of the time is kept for the stop.
      await within(this.#timers, (deadline - this.#clock.monotonic()) / 2, this.#starting)
      for (const { name } of this.#underWay) {
        failures.push(this.#stopFailure(name, new TookTooLong('it was still starting')))
      }
    }
    const stops = new Map<string, Promise<void>>()
    for (const component of [...this.#order].reverse()) {
      if (!this.#started.has(component)) continue
      const dependents = this.#order.filter(({ needs }) => needs?.includes(component.name))
      const before = dependents.map(({ name }) => stops.get(name))
      stops.set(component.name, this.#stopAfter(before, component, deadline, failures))
    }
    await Promise.all(stops.values())
    return failures
  }

  async #stopAfter(
    dependents: readonly (Promise<void> | undefined)[],
    component: Component,
    deadline: number,
    failures: StopFailure[],
  ): Promise<void> {
    await Promise.all(dependents)
    const { name } = component
    const patienceMs = Math.max(0, deadline - this.#clock.monotonic()) / (this.#chains.get(name) as number)
    try {
      await this.#timed(component, 'stopped', () => {
        const stopped = asPromise(() => component.stop?.(patienceMs))
        return this.#inTime(patienceMs, stopped, 'stop')
      })
    } catch (cause) {
      failures.push(this.#stopFailure(name, cause))
    }
  }

  #stopFailure(component: string, cause: unknown): StopFailure {
    const fate = cause instanceof TookTooLong ? 'hung' : 'failed'
    const error = new Error(`${component} ${fate} in the stop: ${messageOf(cause)}`, { cause })
    const why = fate === 'hung' ? { reason: messageOf(cause) } : { err: error }
    this.#log.error({ component, fate, ...why }, 'component did not stop')
    return { component, fate, error }
  }

  async #inTime(ms: number, done: Promise<void>, step: 'start' | 'stop'): Promise<void> {
    if (!(await within(this.#timers, ms, done))) {
      throw new TookTooLong(`it did not ${step} within ${Math.round(ms)} ms`)
    }
  }

  async #timed(component: Component, done: 'started' | 'stopped', step: () => Promise<void>): Promise<void> {
    const begun = this.#clock.monotonic()
    await step()
    const durationMs = this.#clock.monotonic() - begun
    this.#log.info({ component: component.name, durationMs }, `component ${done}`)
  }
}

class TookTooLong extends Error {}

async function asPromise(step: () => Promise<void> | void): Promise<void> {
  await step()
}

function startFailed({ name }: Component, cause: unknown): AtpError {
  return new AtpError('start_failed', {
    detail: `${name} failed to start: ${messageOf(cause)}`,
    context: { component: name },
    cause,
  })
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
