/** What an answer will cost: list price times expected tokens. Prices are known and never learned; lengths are. */
import { type MicroUsd, microUsd } from '@atp/core/units'
import type { Usage } from '../observation/observation.ts'
import type { Arm } from './arm.ts'
import type { RoutingRequest } from './request.ts'

export interface CostForecast {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly usd: number
}

/** English prose in UTF-8 over the o200k vocabulary; only a forecast, never a bill. */
const BYTES_PER_TOKEN = 4
/** Providers count with vocabularies of their own: room for one that needs more tokens than ours. */
const CEILING_MARGIN = 1.1

/** @param expectedOutputTokens what this arm is known to write */
export function forecastCost(arm: Arm, request: RoutingRequest, expectedOutputTokens: number): CostForecast {
  const inputTokens =
    request.constraints.maxCost === undefined
      ? request.inputBytes / BYTES_PER_TOKEN
      : Math.ceil(request.countInputTokens() * CEILING_MARGIN)
  const outputTokens = Math.min(expectedOutputTokens, request.maxOutputTokens ?? arm.maxOutputTokens)
  const usd =
    (inputTokens * arm.price.inputUsdPerMtok + outputTokens * arm.price.outputUsdPerMtok) / 1_000_000
  return { inputTokens, outputTokens, usd }
}

/** How long an answer may get before it breaks the ceiling: what is sent upstream, so that the ceiling holds. */
export function affordableOutputTokens(arm: Arm, inputTokens: number, ceiling: MicroUsd): number {
  const left = ceiling - inputTokens * arm.price.inputUsdPerMtok
  if (left < 0) return -1
  if (arm.price.outputUsdPerMtok === 0) return arm.maxOutputTokens
  return Math.min(arm.maxOutputTokens, Math.floor(left / arm.price.outputUsdPerMtok))
}

/** The bill: a dollar per million tokens is a micro-dollar per token. */
export function costOf(arm: Arm, usage: Usage): MicroUsd {
  return microUsd(
    Math.round(
      usage.inputTokens * arm.price.inputUsdPerMtok + usage.outputTokens * arm.price.outputUsdPerMtok,
    ),
  )
}
