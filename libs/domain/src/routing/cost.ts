/** What an answer will cost: list price times expected tokens. Prices are known and never learned; lengths are. */
import { type MicroUsd, microUsd } from '@atp/core/units'
import type { Usage } from '../observation/observation.ts'
import type { Arm, Price } from './arm.ts'
import type { RoutingRequest } from './request.ts'

export interface CostForecast {
  readonly inputTokens: number
  /** Of each choice. */
  readonly outputTokens: number
  /** Of all choices. */
  readonly usd: number
}

/** English prose in UTF-8 over the o200k vocabulary; only a forecast, never a bill. */
const BYTES_PER_TOKEN = 4
/** Providers count with vocabularies of their own: room for one that needs more tokens than ours. */
const CEILING_MARGIN = 1.1

/**
 * @param price of the arm, as it holds now
 * @param expectedOutputTokens what this arm is known to write
 */
export function forecastCost(
  arm: Arm,
  price: Price,
  request: RoutingRequest,
  expectedOutputTokens: number,
): CostForecast {
  const inputTokens =
    request.constraints.maxCost === undefined
      ? request.inputBytes / BYTES_PER_TOKEN
      : Math.ceil(request.countInputTokens() * CEILING_MARGIN)
  const outputTokens = Math.min(expectedOutputTokens, request.maxOutputTokens ?? arm.maxOutputTokens)
  const usd =
    (inputTokens * price.inputUsdPerMtok + request.choices * outputTokens * price.outputUsdPerMtok) /
    1_000_000
  return { inputTokens, outputTokens, usd }
}

/**
 * How many tokens each of the choices may get before the ceiling breaks: what is sent upstream, so that it holds.
 * @returns -1 where the prompt alone breaks it
 */
export function affordableOutputTokens(
  arm: Arm,
  price: Price,
  inputTokens: number,
  choices: number,
  ceiling: MicroUsd,
): number {
  const left = ceiling - inputTokens * price.inputUsdPerMtok
  if (left < 0) return -1
  if (price.outputUsdPerMtok === 0) return arm.maxOutputTokens
  return Math.min(arm.maxOutputTokens, Math.floor(left / (choices * price.outputUsdPerMtok)))
}

/** How many tokens each of the choices may get; null where the request has no ceiling. */
export function outputLimitOf(
  arm: Arm,
  price: Price,
  request: RoutingRequest,
  cost: CostForecast,
): number | null {
  const { maxCost } = request.constraints
  return maxCost === undefined
    ? null
    : affordableOutputTokens(arm, price, cost.inputTokens, request.choices, maxCost)
}

/** The bill: a dollar per million tokens is a micro-dollar per token. */
export function costOf(price: Price, usage: Usage): MicroUsd {
  return microUsd(
    Math.round(usage.inputTokens * price.inputUsdPerMtok + usage.outputTokens * price.outputUsdPerMtok),
  )
}
