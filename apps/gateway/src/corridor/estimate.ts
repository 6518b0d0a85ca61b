/** What a call is reserved at, before anybody knows what it comes to. */
import type { Spend } from '@atp/domain/limit'
import type { Arm, Candidate, OutputLengths, Price, RoutingRequest } from '@atp/domain/routing'
import type { Tenant } from '@atp/domain/tenant'

export interface Estimate extends Spend {
  /** Sent upstream, where the reservation must not be exceeded. */
  readonly outputLimit: number | null
}

export interface EstimateOf {
  readonly arm: Arm
  readonly candidate: Candidate
  readonly request: RoutingRequest
  readonly tenant: Tenant
  readonly now: number
}

/** Prose, code and most scripts have more: rather too many tokens than too few, and a settlement later it is known. */
const FEWEST_BYTES_PER_TOKEN = 3

/**
 * `expected`: the arm's 95th percentile of answers; to tokenize the prompt for it would cost as much as the decision. `bound`: the most
 * that it can come to, with a limit of tokens sent upstream to keep it so; a prompt has no more tokens than bytes.
 */
export function estimateOf(
  lengths: OutputLengths,
  { arm, candidate, request, tenant, now }: EstimateOf,
): Estimate {
  const most = Math.min(
    request.maxOutputTokens ?? arm.maxOutputTokens,
    candidate.outputLimit ?? Number.POSITIVE_INFINITY,
    arm.maxOutputTokens,
  )
  if (tenant.reserve === 'bound') {
    return costing(candidate.price, tenant, request.inputBytes, most, request.choices, most)
  }
  const expected = Math.min(lengths.p95(arm.id, candidate.estimate.outputTokens, now), most)
  const inputTokens = request.inputBytes / FEWEST_BYTES_PER_TOKEN
  return costing(candidate.price, tenant, inputTokens, expected, request.choices, null)
}

/** As many tokens of output as what is left pays for: for a tenant whose answers are cut at a hard quota. Null: not even one. */
export function estimateWithin(
  left: Spend,
  { arm, candidate: { price }, request, tenant }: Omit<EstimateOf, 'now'>,
): Estimate | null {
  const { inputUsdPerMtok: input, outputUsdPerMtok: output } = price
  const { inputBytes, choices } = request
  const money = left.cost - inputBytes * input
  const byMoney = money < 0 || output > 0 ? money / (choices * output) : Number.POSITIVE_INFINITY
  const byTokens = (left.tokens - inputBytes) / choices
  const tokens = Math.floor(Math.min(byMoney, byTokens, request.maxOutputTokens ?? arm.maxOutputTokens))
  return tokens < 1 ? null : costing(price, tenant, inputBytes, tokens, choices, tokens)
}

/** A dollar per million tokens is a micro-dollar per token. */
function costing(
  price: Price,
  tenant: Tenant,
  inputTokens: number,
  outputTokens: number,
  choices: number,
  outputLimit: number | null,
): Estimate {
  const tokens = Math.ceil(inputTokens + choices * outputTokens)
  const cost = Math.ceil(
    inputTokens * price.inputUsdPerMtok + choices * outputTokens * price.outputUsdPerMtok,
  )
  // Nothing asked of a budget is never refused: who wants a spent one to block free models too asks for a micro-dollar.
  return { tokens, cost: cost === 0 && tenant.blockZeroPrice ? 1 : cost, outputLimit }
}
