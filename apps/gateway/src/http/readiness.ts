/** Whether this process should get traffic: each component registers a check of its own; the worst answer decides. */

import { systemTimers, within } from '@atp/core/timers'

export type ReadinessStatus = 'ok' | 'degraded' | 'unavailable'

export interface CheckResult {
  readonly status: ReadinessStatus
  /** For a person; null where there is nothing to say. */
  readonly detail: string | null
}

/** Synchronous: answered from what the component knows already, however slow its dependency is. */
export type ReadinessCheck = () => CheckResult

export interface CheckReport extends CheckResult {
  /** Milliseconds that the dependency took to answer last; null where nothing was asked, or nothing answered. */
  readonly latency_ms: number | null
  /** Milliseconds since then; null before the first answer. */
  readonly age_ms: number | null
}

/** Asks a dependency. Nobody has to wait for it: `last` tells at any time what was known last. */
export interface AskingCheck {
  last(): CheckReport
  /** Resolves when that is young; never rejects. */
  refresh(): Promise<void>
}

export interface ReadinessReport {
  readonly status: ReadinessStatus
  readonly checks: Readonly<Record<string, CheckReport>>
}

/** A probe waits so long, in milliseconds, for dependencies that are being asked; then it tells what was known last. */
const PATIENCE_MS = 25

const RANK: Readonly<Record<ReadinessStatus, number>> = { ok: 0, degraded: 1, unavailable: 2 }

export class Readiness {
  readonly #checks = new Map<string, () => CheckReport>()
  readonly #asking: AskingCheck[] = []

  register(name: string, check: ReadinessCheck): void {
    this.#checks.set(name, () => ({ ...check(), latency_ms: null, age_ms: 0 }))
  }

  registerAsking(name: string, check: AskingCheck): void {
    this.#checks.set(name, () => check.last())
    this.#asking.push(check)
  }

  /** Asks the dependencies whose last answer is old, and answers within a moment whether they do or not. */
  async report(): Promise<ReadinessReport> {
    await within(systemTimers, PATIENCE_MS, Promise.all(this.#asking.map(check => check.refresh())))
    const checks: Record<string, CheckReport> = {}
    for (const [name, check] of this.#checks) checks[name] = check()
    return { status: worstOf(Object.values(checks)), checks }
  }
}

export function worstOf(checks: readonly CheckResult[]): ReadinessStatus {
  let worst: ReadinessStatus = 'ok'
  for (const { status } of checks) if (RANK[status] > RANK[worst]) worst = status
  return worst
}
