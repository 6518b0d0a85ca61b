/** Finds out in the background whether an upstream whose circuit is open is back, so that no client's request has to. */
import type { Clock } from '@atp/core/clock'
import type { Logger } from '@atp/core/logging'
import type { Timers } from '@atp/core/timers'
import { type AdapterRegistry, type Provider, type Trial, UpstreamError } from '@atp/domain/adapter'
import type { Arm } from '@atp/domain/routing'
import type { Metrics } from '@atp/infrastructure/telemetry'

export interface UpstreamTrialsOptions {
  readonly registry: Pick<AdapterRegistry, 'trials'>
  /** By the list of models, which costs nothing, or by an answer of one token. */
  readonly by: 'models' | 'one_token'
  readonly timeoutMs: number
  readonly metrics: Pick<Metrics, 'tried'>
  readonly clock: Clock
  readonly timers: Timers
  readonly log: Pick<Logger, 'info'>
}

/** Circuits are looked at so often, in milliseconds. */
const LOOK_MS = 250

export class UpstreamTrials {
  readonly #options: UpstreamTrialsOptions
  readonly #stopping = new AbortController()
  readonly #underWay = new Set<Promise<void>>()
  #forget: () => void = () => undefined

  constructor(options: UpstreamTrialsOptions) {
    this.#options = options
  }

  start(): void {
    this.#forget = this.#options.timers.after(LOOK_MS, () => {
      for (const trial of this.#options.registry.trials()) this.#begin(trial)
      if (!this.#stopping.signal.aborted) this.start()
    })
  }

  /** Gives up what is under way. */
  async stop(): Promise<void> {
    this.#forget()
    this.#stopping.abort()
    await Promise.all(this.#underWay)
  }

  #begin(trial: Trial): void {
    const done = this.#run(trial).finally(() => this.#underWay.delete(done))
    this.#underWay.add(done)
  }

  async #run(trial: Trial): Promise<void> {
    const { timers, timeoutMs, clock, metrics, log } = this.#options
    const late = new AbortController()
    const forget = timers.after(timeoutMs, () => late.abort())
    const signal = AbortSignal.any([late.signal, this.#stopping.signal])
    try {
      await this.#ask(trial, signal)
      trial.succeeded(clock.monotonic())
      metrics.tried(trial.arm.adapterId, true)
      log.info({ arm: trial.arm.id, of: trial.of }, 'an upstream is back')
    } catch {
      if (this.#stopping.signal.aborted) return trial.abandoned()
      trial.failed(clock.monotonic())
      metrics.tried(trial.arm.adapterId, false)
    } finally {
      forget()
    }
  }

  async #ask({ provider, arm }: Trial, signal: AbortSignal): Promise<void> {
    if (this.#options.by === 'models') return provider.listModels?.(signal)
    try {
      await askForOneToken(provider, arm, signal)
    } catch (error) {
      if (!isRejection(error)) throw error
    }
  }
}

/** An embedding model is sent one, and answers with none. */
async function askForOneToken(
  provider: Provider,
  { upstreamModel, capabilities }: Arm,
  signal: AbortSignal,
): Promise<void> {
  if (capabilities.has('embeddings') && provider.embed !== undefined) {
    await provider.embed({ upstreamModel, body: { model: upstreamModel, input: 'Hi' }, signal })
    return
  }
  const body = { model: upstreamModel, messages: [{ role: 'user', content: 'Hi' }] }
  await provider.complete({ upstreamModel, body, maxOutputTokens: 1, signal })
}

/** Who finds the question wrong has read it. */
function isRejection(error: unknown): boolean {
  return error instanceof UpstreamError && error.failure === 'rejected'
}
