/**
 * Starts components in order and stops them in reverse. A start that fails, or is stopped halfway, leaves nothing
 * running: what had started is stopped again, in reverse.
 */
import type { Clock } from './clock.ts'
import { AtpError } from './errors.ts'
import type { Logger } from './logging.ts'

export interface Component {
  readonly name: string
  /** Must leave nothing behind when it fails: the `stop` of a component that didn't start is not called. */
  start?(): Promise<void> | void
  stop?(): Promise<void> | void
}

export interface LifecycleOptions {
  readonly log: Logger
  readonly clock: Clock
}

export class Lifecycle {
  readonly #log: Logger
  readonly #clock: Clock
  readonly #components: Component[] = []
  readonly #started: Component[] = []
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined

  constructor({ log, clock }: LifecycleOptions) {
    this.#log = log
    this.#clock = clock
  }

  /** @throws AtpError `invalid_argument` once the start has begun. */
  add(component: Component): void {
    if (this.#starting) throw misuse(`${component.name} was added after the start`)
    this.#components.push(component)
  }

  /**
   * Starts the components in the order in which they were added.
   * @throws AtpError `start_failed`, naming the component, its error as cause; `shutting_down` when stopped halfway;
   *   `invalid_argument` when called twice. Whatever had started is stopped by then.
   */
  async start(): Promise<void> {
    if (this.#starting) throw misuse('the lifecycle was started twice')
    this.#starting = this.#startAll()
    await this.#starting
  }

  /**
   * Stops what is running, in reverse order. A component that fails to stop is logged and doesn't keep the others from
   * stopping; a second call awaits the same stop.
   * @throws AggregateError of all the failures, when every component has had its turn.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll()
    return this.#stopping
  }

  async #startAll(): Promise<void> {
    for (const component of this.#components) {
      try {
        await this.#timed(component, 'started', component.start)
      } catch (cause) {
        await this.#stopStarted()
        throw startFailed(component, cause)
      }
      this.#started.push(component)
      if (this.#stopping) {
        await this.#stopStarted()
        throw new AtpError('shutting_down', { detail: `The start was stopped after ${component.name}.` })
      }
    }
  }

  async #stopAll(): Promise<void> {
    // A failed start has rolled back by itself and told its own caller.
    await this.#starting?.catch(() => {})
    const failures = await this.#stopStarted()
    if (failures.length > 0)
      throw new AggregateError(failures, failures.map(error => error.message).join('; '))
  }

  async #stopStarted(): Promise<Error[]> {
    const failures: Error[] = []
    for (let component = this.#started.pop(); component; component = this.#started.pop()) {
      try {
        await this.#timed(component, 'stopped', component.stop)
      } catch (cause) {
        const failure = new Error(`${component.name} failed to stop: ${messageOf(cause)}`, { cause })
        this.#log.error({ err: failure, component: component.name }, 'component failed to stop')
        failures.push(failure)
      }
    }
    return failures
  }

  async #timed(
    component: Component,
    done: 'started' | 'stopped',
    step: (() => Promise<void> | void) | undefined,
  ): Promise<void> {
    if (!step) return
    const begun = this.#clock.monotonic()
    await step.call(component)
    const durationMs = this.#clock.monotonic() - begun
    this.#log.info({ component: component.name, durationMs }, `component ${done}`)
  }
}

function startFailed(component: Component, cause: unknown): AtpError {
  return new AtpError('start_failed', {
    detail: `${component.name} failed to start: ${messageOf(cause)}`,
    context: { component: component.name },
    cause,
  })
}

function misuse(detail: string): AtpError {
  return new AtpError('invalid_argument', { detail })
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
