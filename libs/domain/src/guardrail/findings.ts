/** What the guardrails found in one request or answer: kinds and numbers, never the text. */
import type { GuardrailMode, GuardrailName } from './guardrail.ts'

export interface Finding {
  readonly guardrail: GuardrailName
  readonly kind: string
  readonly action: Exclude<GuardrailMode, 'off'>
}

export class Findings {
  readonly #counts = new Map<GuardrailName, number>()
  readonly #tell: (finding: Finding) => void

  /** @param tell hears of each, as it is found */
  constructor(tell: (finding: Finding) => void) {
    this.#tell = tell
  }

  add(finding: Finding): void {
    const { guardrail, action } = finding
    if (action === 'mask') this.#counts.set(guardrail, (this.#counts.get(guardrail) ?? 0) + 1)
    this.#tell(finding)
  }

  /** How many were masked, by guardrail. */
  get masked(): ReadonlyMap<GuardrailName, number> {
    return this.#counts
  }
}
