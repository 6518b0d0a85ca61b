/** Whether this process should get traffic: each component registers a check of its own; the worst answer decides. */

export type ReadinessStatus = 'ok' | 'degraded' | 'unavailable'

export interface CheckResult {
  readonly status: ReadinessStatus
  /** For a person; null where there is nothing to say. */
  readonly detail: string | null
}

/** Synchronous: a probe answers from what the component knows already, however slow its dependency is. */
export type ReadinessCheck = () => CheckResult

export interface ReadinessReport {
  readonly status: ReadinessStatus
  readonly checks: Readonly<Record<string, CheckResult>>
}

const RANK: Readonly<Record<ReadinessStatus, number>> = { ok: 0, degraded: 1, unavailable: 2 }

export class Readiness {
  readonly #checks = new Map<string, ReadinessCheck>()

  register(name: string, check: ReadinessCheck): void {
    this.#checks.set(name, check)
  }

  report(): ReadinessReport {
    const checks: Record<string, CheckResult> = {}
    let status: ReadinessStatus = 'ok'
    for (const [name, check] of this.#checks) {
      const result = check()
      checks[name] = result
      if (RANK[result.status] > RANK[status]) status = result.status
    }
    return { status, checks }
  }
}
