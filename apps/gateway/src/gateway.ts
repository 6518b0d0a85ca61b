/** The running gateway: what it is made of, its start and its stop. */
import { shutdownWindows } from '@atp/core/config'
import type { AppContainer } from '@atp/core/container'
import { Lifecycle } from '@atp/core/lifecycle'
import { flushLogger } from '@atp/core/logging'
import { Shutdown, type ShutdownReport } from '@atp/core/shutdown'
import { within } from '@atp/core/timers'
import { adapters } from './components/adapters.ts'
import { database } from './components/database.ts'
import { HttpServer } from './components/http-server.ts'
import { learnedState } from './components/learned-state.ts'
import { limits } from './components/limits.ts'
import { readiness } from './components/readiness.ts'
import { redis } from './components/redis.ts'
import { secrets } from './components/secrets.ts'
import { tenantsAndPrices } from './components/tenants-and-prices.ts'
import * as T from './tokens.ts'

export class Gateway {
  readonly #container: AppContainer
  readonly #http: HttpServer
  readonly #lifecycle: Lifecycle
  #shutdown: Shutdown | undefined
  #stopped: Promise<ShutdownReport> | undefined
  #isRetired = false

  /** @param options.readyFirst whether it listens only once it is ready: another process serves until then */
  constructor(container: AppContainer, { readyFirst = false }: { readonly readyFirst?: boolean } = {}) {
    const { resolve } = container
    this.#container = container
    const isStopping = (): boolean => this.#shutdown !== undefined
    resolve(T.READINESS).register('gateway', () =>
      isStopping() ? { status: 'unavailable', detail: 'shutting down' } : { status: 'ok', detail: null },
    )
    this.#http = new HttpServer(container, isStopping)
    this.#lifecycle = new Lifecycle({
      components: [
        secrets(container),
        database(container),
        tenantsAndPrices(container),
        redis(container),
        learnedState(container),
        adapters(container),
        limits(container),
        readiness(container, readyFirst),
        this.#http,
      ],
      log: resolve(T.LOG),
      clock: resolve(T.CLOCK),
      timers: resolve(T.TIMERS),
    })
  }

  /** @returns the URL it listens at. @throws {AtpError} `start_failed`, with whatever had started stopped again */
  async start(): Promise<string> {
    await this.#lifecycle.start()
    return this.#http.url
  }

  /**
   * Serves on for the configured lag, not ready any more; then stops, within `shutdown.total` and a moment, whatever hangs. A second call
   * awaits the same stop; it never rejects.
   * @returns what did not come to its own end
   */
  stop(): Promise<ShutdownReport> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  /** Lets its clients go over to other processes that listen on the same port; still ready, for those that are left. */
  retire(): Promise<void> {
    this.#isRetired = true
    return this.#http.retire()
  }

  async #stop(): Promise<ShutdownReport> {
    const { resolve } = this.#container
    const windows = shutdownWindows(resolve(T.CONFIG).shutdown)
    const log = resolve(T.LOG)
    const timers = resolve(T.TIMERS)
    this.#shutdown = new Shutdown({
      // Nobody is sent here before it listens, nor once others do instead.
      windows: this.#http.url === '' || this.#isRetired ? { ...windows, lag: 0 } : windows,
      work: resolve(T.OPEN_WORK),
      tasks: resolve(T.BACKGROUND_TASKS),
      closeDoors: () => this.#http.closeDoors(),
      stopComponents: patienceMs => this.#lifecycle.stop(patienceMs),
      log,
      clock: resolve(T.CLOCK),
      timers,
    })
    const report = await this.#shutdown.run()
    await this.#container.dispose()
    // A reader of the log that reads no more must not hold the end.
    await within(timers, LAST_MOMENT_MS, flushLogger(log))
    return report
  }
}

const LAST_MOMENT_MS = 1_000
