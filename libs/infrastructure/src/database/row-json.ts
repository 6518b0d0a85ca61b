/** Rows as the JSON that Postgres takes apart. */
import type { Observation } from '@atp/domain/observation'
import type { Decision } from '@atp/domain/routing'

type Row = Readonly<Record<string, unknown>>

export function observationJson(row: Row): string {
  return JSON.stringify(row, storable)
}

export function decisionJson(row: Row, candidates: readonly unknown[]): string {
  return JSON.stringify({ ...row, exclusions: undefined, candidates }, storable)
}

export function observationRow(observation: Observation): Row {
  return {
    id: observation.id,
    kind: observation.kind,
    at: observation.at,
    tenant: observation.tenant,
    decision_id: observation.decisionId,
    arm: observation.arm,
    outcome: observation.outcome,
    quality: observation.quality,
    latency_ms: observation.latency,
    ttft_ms: observation.timeToFirstToken,
    input_tokens: observation.usage?.inputTokens ?? null,
    output_tokens: observation.usage?.outputTokens ?? null,
    usage_estimated: observation.usage === null ? null : Number(observation.usage.estimated),
    cost_micro_usd: observation.cost,
  }
}

export function decisionRow(decision: Decision): Row {
  return {
    id: decision.id,
    at: decision.at,
    tenant: decision.tenant,
    arm: decision.arm,
    strategy: decision.strategy,
    pinned: Number(decision.pinned),
    seed: decision.seed,
    state_version: decision.stateVersion,
    weight_quality: decision.weights.quality,
    weight_cost: decision.weights.cost,
    weight_latency: decision.weights.latency,
    features: decision.features,
    exploration: decision.exploration,
    shadow_strategy: decision.shadow?.strategy ?? null,
    shadow_arm: decision.shadow?.arm ?? null,
    signal: decision.signal?.name ?? null,
    signal_worth: decision.signal?.worth ?? null,
    task: decision.task,
    key_id: decision.keyId,
  }
}

/** Postgres holds neither U+0000 nor half a surrogate pair; a seed that a client chose may have either. */
function storable(_key: string, value: unknown): unknown {
  if (typeof value !== 'string') return value
  const text = value.isWellFormed() ? value : value.toWellFormed()
  return text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text
}
