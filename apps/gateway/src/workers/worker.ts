/** One of several workers: begins as its primary says, and ends with it. Its answers to the primary are in `messages.ts`. */
import cluster from 'node:cluster'
import { type LoadedConfig, loadConfig } from '@atp/core/config'
import type { AppContainer } from '@atp/core/container'
import { createLogger } from '@atp/core/logging'
import { makeDevelopmentKeys } from '../cli/development-notes.ts'
import { explanation } from '../cli/explanation.ts'
import { compose } from '../composition.ts'
import { Gateway } from '../gateway.ts'
import * as T from '../tokens.ts'
import type { Begun, Job, Left, PrimaryCalls, WorkerCalls } from './messages.ts'
import { type Batch, Wire } from './wire.ts'
import { workerBindings } from './worker-bindings.ts'
import { workerConfig } from './worker-config.ts'

export function runWorker(): void {
  new Worker()
}

class Worker {
  readonly #wire: Wire<PrimaryCalls>
  #container: AppContainer | undefined
  #gateway: Gateway | undefined
  #stopping: Promise<Left> | undefined

  constructor() {
    const calls: WorkerCalls = {
      begin: job => this.#begin(job),
      retire: () => this.#gateway?.retire() ?? Promise.resolve(),
      stop: () => this.#stop(),
      figures: async () => (await this.#container?.resolve(T.OWN_SCRAPE).figures()) ?? [],
    }
    this.#wire = new Wire<PrimaryCalls>(ownChannel(), calls)
    // A terminal and a service manager tell the whole group what the primary decides about.
    process.on('SIGINT', () => undefined)
    process.on('SIGHUP', () => undefined)
    process.on('SIGTERM', () => {
      void this.#stop().then(({ unfinished }) => process.exit(unfinished.length === 0 ? 0 : 1))
    })
  }

  async #begin(job: Job): Promise<Begun> {
    try {
      const container = await this.#compose(loadConfig({ ...job.configuration, env: process.env }), job)
      this.#container = container
      void container.resolve(T.DATABASE).lost.then(({ message }) => this.#end(message))
      this.#gateway = new Gateway(container, job)
      const url = await this.#gateway.start()
      const notes =
        job.developmentKeysIn === null ? [] : await makeDevelopmentKeys(container, job.developmentKeysIn)
      return { url, notes }
    } catch (error) {
      throw new Error(explanation(error), { cause: error })
    }
  }

  #compose(loaded: LoadedConfig, job: Job): Promise<AppContainer> {
    const own = workerConfig(loaded, job)
    const log = createLogger({ level: own.config.log.level }).child({ pid: process.pid })
    return compose(own, workerBindings(this.#wire, own.config), log)
  }

  /** Nothing can be recorded here any more: another process takes the place. */
  async #end(why: string): Promise<void> {
    process.stderr.write(`${why}\n`)
    await this.#stop()
    process.exit(1)
  }

  #stop(): Promise<Left> {
    this.#stopping ??= this.#leave()
    return this.#stopping
  }

  async #leave(): Promise<Left> {
    const scrape = this.#container?.resolve(T.OWN_SCRAPE)
    const { unfinished } = (await this.#gateway?.stop()) ?? { unfinished: [] }
    return { unfinished, figures: (await scrape?.figures().catch(() => null)) ?? null }
  }
}

function ownChannel() {
  return {
    // Whoever asks hears of a channel that closes; without a listener the error would end the process.
    send: (batch: Batch) => void process.send?.(batch, undefined, undefined, () => undefined),
    onBatch: (listener: (batch: Batch) => void) => void process.on('message', listener as never),
    // Node ends a worker whose primary is gone by itself, its journal intact.
    onClosed: (listener: () => void) => void cluster.worker?.once('disconnect', listener),
  }
}
