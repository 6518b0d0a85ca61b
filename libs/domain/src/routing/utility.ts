/**
 * Blends the separately learned parts at decision time:
 * `utility = w_q * reliability * quality - w_c * cost / cost_ref - w_l * latency / latency_ref`.
 * The references are fixed, so that utilities stay comparable as arms come and go, and a new preference needs no relearning.
 */
import type { Preset, Weights } from './request.ts'

export interface UtilityReferences {
  readonly costUsd: number
  readonly latencyMs: number
}

export class Utility {
  readonly #references: UtilityReferences
  readonly #presets: Readonly<Record<Preset, Weights>>

  constructor(references: UtilityReferences, presets: Readonly<Record<Preset, Weights>>) {
    this.#references = references
    this.#presets = presets
  }

  weights(preference: Preset | Weights): Weights {
    return typeof preference === 'string' ? this.#presets[preference] : preference
  }

  costTerm(weights: Weights, costUsd: number): number {
    return (weights.cost * costUsd) / this.#references.costUsd
  }

  latencyTerm(weights: Weights, latencyMs: number): number {
    return (weights.latency * latencyMs) / this.#references.latencyMs
  }
}
