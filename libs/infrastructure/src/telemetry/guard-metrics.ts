/** What the guardrails found, and what was done about it. Labels are names of the configuration, never what was found. */
import type { Direction, Finding } from '@atp/domain/guardrail'
import { Counter, type Registry } from 'prom-client'

export class GuardMetrics {
  readonly #found: Counter

  constructor(registers: Registry[]) {
    this.#found = new Counter({
      name: 'atp_guardrail_findings_total',
      help: 'What guardrails found in prompts and answers, by what was done about it',
      labelNames: ['guardrail', 'kind', 'direction', 'action'],
      registers,
    })
  }

  found(direction: Direction, { guardrail, kind, action }: Finding): void {
    this.#found.labels(guardrail, kind, direction, action).inc()
  }
}
