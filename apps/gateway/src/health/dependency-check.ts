/**
 * A check that asks a dependency: with a time-out, one question at a time whoever probes, and none while the last answer is young.
 * Nobody has to wait for it.
 */
import type { Clock } from '@atp/core/clock'
import type { AskingCheck, CheckReport, CheckResult, ReadinessStatus } from '../http/readiness.ts'

export interface DependencyCheckOptions {
  /** One question, over by itself sooner or later. Rejects where there is no good answer. */
  readonly ask: () => Promise<void>
  /** Milliseconds after which no answer is a failure. */
  readonly timeoutMs: number
  /** What a failure means: whether policy lets the gateway serve on. */
  readonly failure: Exclude<ReadinessStatus, 'ok'>
  /** For a person. @param why a code, or that there was no answer: no address, since anybody may probe */
  readonly detail: (why: string) => string
  readonly clock: Clock
}

/** An answer is as good as a new one for this long, in milliseconds. */
export const FRESH_MS = 1_000

export class DependencyCheck implements AskingCheck {
  readonly #options: DependencyCheckOptions
  #result: CheckResult
  #latencyMs: number | null = null
  #at: number | null = null
  #asking: Promise<void> | null = null

  constructor(options: DependencyCheckOptions) {
    this.#options = options
    this.#result = { status: options.failure, detail: options.detail('it was not asked yet') }
  }

  last(): CheckReport {
    const age = this.#at === null ? null : Math.round(this.#options.clock.monotonic() - this.#at)
    return { ...this.#result, latency_ms: this.#latencyMs, age_ms: age }
  }

  refresh(): Promise<void> {
    if (this.#at !== null && this.#options.clock.monotonic() - this.#at < FRESH_MS) return Promise.resolve()
    this.#asking ??= this.#ask()
    return this.#asking
  }

  /** The next question comes when this one is over, and not just late: a server that hangs is not buried in them. */
  async #ask(): Promise<void> {
    const { ask, timeoutMs, clock } = this.#options
    const asked = clock.monotonic()
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      this.#failed(`no answer within ${timeoutMs} ms`)
    }, timeoutMs)
    try {
      await ask()
      if (!isLate) this.#answered(clock.monotonic() - asked)
    } catch (error) {
      if (!isLate) this.#failed(codeOf(error))
    } finally {
      clearTimeout(timer)
      this.#asking = null
    }
  }

  #answered(latencyMs: number): void {
    this.#result = { status: 'ok', detail: null }
    this.#latencyMs = Math.round(latencyMs * 1_000) / 1_000
    this.#at = this.#options.clock.monotonic()
  }

  #failed(why: string): void {
    const { failure, detail, clock } = this.#options
    this.#result = { status: failure, detail: detail(why) }
    this.#latencyMs = null
    this.#at = clock.monotonic()
  }
}

function codeOf(error: unknown): string {
  const { code } = error as { readonly code?: unknown }
  return typeof code === 'string' ? code : 'no answer'
}
