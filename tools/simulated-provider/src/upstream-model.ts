/** One model as it behaves now: its catalogue entry, changed by the faults of its account and its own, and what it has counted. */
import type { SimulatedModel } from './catalogue.ts'
import type { Drift, Faults } from './faults.ts'
import type { Kind } from './kind-of-prompt.ts'
import { drawQuality } from './quality.ts'
import { uniform } from './uniform.ts'

export interface ModelStats {
  requests: number
  completed: number
  /** Errors, rate limits and cut streams that were asked for by a fault. */
  faults: number
  /** The client went away before it had its answer. */
  aborted_by_client: number
  in_flight: number
  prompt_tokens: number
  completion_tokens: number
  /** What the account would be charged, US dollars, by the price of the moment. */
  billed_usd: number
}

/** Misbehaviour of one request, decided when it arrives. */
export type Verdict = 'serve' | 'error' | 'rate_limit' | 'stall'

const JITTER = 0.3

export class UpstreamModel {
  readonly model: SimulatedModel
  readonly stats: ModelStats = {
    requests: 0,
    completed: 0,
    faults: 0,
    aborted_by_client: 0,
    in_flight: 0,
    prompt_tokens: 0,
    completion_tokens: 0,
    billed_usd: 0,
  }
  readonly #seed: number
  readonly #now: () => number
  #own: Faults = {}
  #account: Faults = {}
  #setAt: number
  #requestsAtSet = 0

  /** @param now milliseconds, monotone */
  constructor(model: SimulatedModel, seed: number, now: () => number) {
    this.model = model
    this.#seed = seed
    this.#now = now
    this.#setAt = now()
  }

  /** The faults in force: its own win over its account's. */
  get faults(): Faults {
    return { ...this.#account, ...this.#own }
  }

  get ownFaults(): Faults {
    return this.#own
  }

  setFaults(faults: Faults): void {
    this.#own = faults
    this.#restartDrift()
  }

  setAccountFaults(faults: Faults): void {
    this.#account = faults
    this.#restartDrift()
  }

  /** Counts a request and decides what becomes of it. */
  admit(): Verdict {
    this.stats.requests += 1
    const { error_rate = 0, rate_limit_rate = 0, stall_rate = 0 } = this.faults
    const chance = (fault: string) => uniform(this.#seed, fault, this.model.name, this.stats.requests)
    if (chance('rate_limit') < rate_limit_rate) return 'rate_limit'
    if (chance('error') < error_rate) return 'error'
    if (chance('stall') < stall_rate) return 'stall'
    return 'serve'
  }

  /** Whether the stream faults hit the stream that was admitted last. */
  breaksStream(): boolean {
    const { stream_fault_rate = 1 } = this.faults
    return uniform(this.#seed, 'stream', this.model.name, this.stats.requests) < stream_fault_rate
  }

  quality(kind: Kind, prompt: string): number {
    const mean = this.model.quality[kind] + (this.#drift?.quality_shift ?? 0)
    return drawQuality(mean, this.#seed, this.model.name, prompt)
  }

  /** Milliseconds to the first token and from token to token, before the time scale. */
  pace(prompt: string): { readonly firstTokenMs: number; readonly perTokenMs: number } {
    const { latency_factor = 1, token_time_factor = 1 } = this.faults
    const jitter = 1 - JITTER + 2 * JITTER * uniform(this.#seed, 'pace', this.model.name, prompt)
    const factor = latency_factor * (this.#drift?.latency_factor ?? 1) * jitter
    return {
      firstTokenMs: this.model.timeToFirstTokenMs * factor,
      perTokenMs: (1000 / this.model.tokensPerSecond) * factor * token_time_factor,
    }
  }

  /** US dollars per million tokens, now. */
  get price(): { readonly input: number; readonly output: number } {
    const factor = this.#drift?.price_factor ?? 1
    return { input: this.model.inputUsdPerMtok * factor, output: this.model.outputUsdPerMtok * factor }
  }

  bill(promptTokens: number, completionTokens: number): void {
    const { input, output } = this.price
    this.stats.prompt_tokens += promptTokens
    this.stats.completion_tokens += completionTokens
    this.stats.billed_usd += (promptTokens * input + completionTokens * output) / 1_000_000
  }

  /** The drift, once its time has come. */
  get #drift(): Drift | null {
    const { drift } = this.faults
    if (drift === undefined) return null
    const { after_s = Number.POSITIVE_INFINITY, after_requests = Number.POSITIVE_INFINITY } = drift
    const atOnce = drift.after_s === undefined && drift.after_requests === undefined
    const due =
      atOnce ||
      this.#now() - this.#setAt >= after_s * 1000 ||
      this.stats.requests - this.#requestsAtSet > after_requests
    return due ? drift : null
  }

  #restartDrift(): void {
    this.#setAt = this.#now()
    this.#requestsAtSet = this.stats.requests
  }
}
