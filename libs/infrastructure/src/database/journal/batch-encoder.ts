/** Flattens a batch for the journal's thread. Runs for every request: no allocation but for what is sent. */

import type { JournalBatch, Observation } from '@atp/domain/observation'
import type { Decision } from '@atp/domain/routing'
import {
  type EncodedBatch,
  NUMBERS_PER_CANDIDATE,
  NUMBERS_PER_DECISION,
  NUMBERS_PER_OBSERVATION,
} from './batch-layout.ts'

type Candidate = Decision['candidates'][number]

const UNKNOWN = Number.NaN

export class BatchEncoder {
  readonly #numberOf: Map<string, number>
  #numbers = new Float64Array(0)
  #strings: (string | null)[] = []
  #newNames: string[] = []
  #at = 0

  /** @param names the dictionary as the journal has it */
  constructor(names: readonly string[]) {
    this.#numberOf = new Map(names.map((name, number) => [name, number]))
  }

  encode({ observations, decisions }: JournalBatch): EncodedBatch {
    this.#numbers = new Float64Array(sizeOf(observations.length, decisions))
    this.#strings = []
    this.#newNames = []
    this.#at = 0
    for (const observation of observations) this.#observation(observation)
    for (const decision of decisions) this.#decision(decision)
    return {
      observations: observations.length,
      decisions: decisions.length,
      numbers: this.#numbers,
      strings: this.#strings,
      names: this.#newNames,
    }
  }

  #observation(observation: Observation): void {
    const numbers = this.#numbers
    const { usage } = observation
    let at = this.#at
    this.#strings.push(observation.id, observation.tenant, observation.decisionId)
    numbers[at++] = this.#name(observation.kind)
    numbers[at++] = observation.at
    numbers[at++] = this.#name(observation.arm)
    numbers[at++] = this.#name(observation.outcome)
    numbers[at++] = observation.quality ?? UNKNOWN
    numbers[at++] = observation.latency ?? UNKNOWN
    numbers[at++] = observation.timeToFirstToken ?? UNKNOWN
    numbers[at++] = usage === null ? UNKNOWN : usage.inputTokens
    numbers[at++] = usage === null ? UNKNOWN : usage.outputTokens
    numbers[at++] = usage === null ? UNKNOWN : Number(usage.estimated)
    numbers[at++] = observation.cost ?? UNKNOWN
    this.#at = at
  }

  #decision(decision: Decision): void {
    const numbers = this.#numbers
    let at = this.#at
    this.#strings.push(decision.id, decision.tenant, decision.seed, decision.features)
    this.#strings.push(decision.task, decision.keyId)
    numbers[at++] = decision.at
    numbers[at++] = this.#name(decision.arm)
    numbers[at++] = this.#name(decision.strategy)
    numbers[at++] = Number(decision.pinned)
    numbers[at++] = decision.stateVersion
    numbers[at++] = decision.weights.quality
    numbers[at++] = decision.weights.cost
    numbers[at++] = decision.weights.latency
    numbers[at++] = decision.exploration
    numbers[at++] = decision.shadow === null ? UNKNOWN : this.#name(decision.shadow.strategy)
    numbers[at++] = decision.shadow === null ? UNKNOWN : this.#name(decision.shadow.arm)
    numbers[at++] = decision.signal === null ? UNKNOWN : this.#name(decision.signal.name)
    numbers[at++] = decision.signal === null ? UNKNOWN : decision.signal.worth
    numbers[at++] = decision.candidates.length
    this.#at = at
    for (const candidate of decision.candidates) this.#candidate(candidate)
    for (const candidate of decision.candidates) this.#exclusions(candidate)
  }

  #candidate({ arm, score, terms, excluded, estimate }: Candidate): void {
    const numbers = this.#numbers
    let at = this.#at
    numbers[at++] = this.#name(arm)
    numbers[at++] = score ?? UNKNOWN
    numbers[at++] = terms === null ? UNKNOWN : terms.quality
    numbers[at++] = terms === null ? UNKNOWN : terms.cost
    numbers[at++] = terms === null ? UNKNOWN : terms.latency
    numbers[at++] = estimate.qualityMean
    numbers[at++] = estimate.alpha ?? UNKNOWN
    numbers[at++] = estimate.beta ?? estimate.qualityDeviation ?? UNKNOWN
    numbers[at++] = estimate.reliability
    numbers[at++] = estimate.costUsd
    numbers[at++] = estimate.latencyMs
    numbers[at++] = estimate.outputTokens
    numbers[at++] = excluded === null ? 0 : excluded.length
    this.#at = at
  }

  #exclusions({ excluded }: Candidate): void {
    if (excluded === null) return
    for (const { reason, detail } of excluded) {
      this.#numbers[this.#at++] = this.#name(reason)
      this.#strings.push(detail)
    }
  }

  #name(name: string): number {
    const known = this.#numberOf.get(name)
    if (known !== undefined) return known
    const number = this.#numberOf.size
    this.#numberOf.set(name, number)
    this.#newNames.push(name)
    return number
  }
}

function sizeOf(observations: number, decisions: readonly Decision[]): number {
  let size = observations * NUMBERS_PER_OBSERVATION + decisions.length * NUMBERS_PER_DECISION
  for (const { candidates } of decisions) {
    size += candidates.length * NUMBERS_PER_CANDIDATE
    for (const { excluded } of candidates) if (excluded !== null) size += excluded.length
  }
  return size
}
