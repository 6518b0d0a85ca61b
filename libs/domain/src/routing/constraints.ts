/** Hard constraints, applied before scoring and never violated: why an arm is no candidate for a request. */
import { toUsd } from '@atp/core/units'
import type { Unavailable } from '../adapter/registered-adapter.ts'
import type { Arm, Price } from './arm.ts'
import { affordableOutputTokens, type CostForecast } from './cost.ts'
import type { Exclusion, RoutingRequest } from './request.ts'

export interface ArmFacts {
  readonly requested: boolean
  /** Why it would not be let through now; null where it would. */
  readonly unavailable: Unavailable | null
  readonly price: Price
  readonly cost: CostForecast
  /** Milliseconds. */
  readonly latencyP95: number
  /** As expected for this request, in [0, 1]. */
  readonly quality: number
}

/** @returns null for a candidate, otherwise every reason against it */
export function exclusionsOf(
  arm: Arm,
  facts: ArmFacts,
  request: RoutingRequest,
): readonly Exclusion[] | null {
  const out = outOfQuestion(arm, facts, request)
  if (out !== null) return [out]
  let found: Exclusion[] | null = null
  const exclude = (reason: Exclusion['reason'], detail: string): void => {
    found ??= []
    found.push({ reason, detail })
  }
  const { allow, deny, maxCost, latencySlo, minQuality } = request.constraints

  if (allow !== undefined && !names(allow, arm)) exclude('not_allowed', 'not in the allow list')
  if (deny !== undefined && names(deny, arm)) exclude('denied', 'in the deny list')
  for (const capability of request.required) {
    if (!arm.capabilities.has(capability)) exclude('missing_capability', `does not offer ${capability}`)
  }
  if (request.maxOutputTokens !== undefined && request.maxOutputTokens > arm.maxOutputTokens) {
    exclude(
      'max_output_tokens',
      `gives at most ${arm.maxOutputTokens} tokens, ${request.maxOutputTokens} wanted`,
    )
  }
  const tokens = overflowingTokens(arm, request)
  if (tokens !== null) exclude('context_window', `holds ${arm.contextWindow} tokens, ${tokens} needed`)
  if (maxCost !== undefined) {
    const affordable = affordableOutputTokens(
      arm,
      facts.price,
      facts.cost.inputTokens,
      request.choices,
      maxCost,
    )
    if (affordable < facts.cost.outputTokens) {
      exclude(
        'max_cost',
        `expected to cost $${facts.cost.usd.toPrecision(3)}, the ceiling is $${toUsd(maxCost).toPrecision(3)}`,
      )
    }
  }
  if (latencySlo !== undefined && facts.latencyP95 > latencySlo) {
    exclude(
      'latency_slo',
      `P95 is expected at ${Math.round(facts.latencyP95)} ms, the objective is ${latencySlo} ms`,
    )
  }
  if (minQuality !== undefined && facts.quality < minQuality) {
    exclude('quality_floor', `quality is expected at ${facts.quality.toFixed(2)}, the floor is ${minQuality}`)
  }
  if (facts.unavailable !== null) exclude(facts.unavailable, whyNot(facts.unavailable, arm))
  return found
}

function whyNot(unavailable: Unavailable, { id, adapterId }: Arm): string {
  if (unavailable === 'circuit_open') return `the circuit of adapter ${adapterId} is open`
  if (unavailable === 'model_circuit_open') return `the circuit of ${id} is open`
  return `adapter ${adapterId} has as many calls as it bears`
}

/** What needs no further reason. */
function outOfQuestion(
  arm: Arm,
  { requested }: ArmFacts,
  { permitted, model, required }: RoutingRequest,
): Exclusion | null {
  if (permitted !== undefined && !names(permitted, arm)) {
    return { reason: 'not_permitted', detail: "not among the tenant's models" }
  }
  if (!requested) return { reason: 'not_requested', detail: `the request names the model ${model}` }
  const fits = !arm.capabilities.has('embeddings') || required.includes('embeddings')
  return fits ? null : { reason: 'missing_capability', detail: 'is an embedding model: it answers no chats' }
}

/** Whether the list has the arm, by its id or its model's name. */
export function names(list: readonly string[], arm: Pick<Arm, 'id' | 'model'>): boolean {
  return list.includes(arm.id) || list.includes(arm.model)
}

/** A token is at least a byte, so that most prompts fit without being counted. */
function overflowingTokens(arm: Arm, request: RoutingRequest): number | null {
  // Each of the texts has its window to itself: its provider says which is too long.
  if (arm.capabilities.has('embeddings')) return null
  const output = request.maxOutputTokens ?? 0
  if (request.inputBytes + output <= arm.contextWindow) return null
  const needed = request.countInputTokens() + output
  return needed > arm.contextWindow ? needed : null
}
