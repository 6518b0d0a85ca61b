/** One row of LiteLLM's as one of ours, or what is wrong with it, by field. */
import type { FieldProblem } from '../errors.ts'
import type { CatalogueProvider, CatalogueRow } from './catalogue.ts'
import { type PerToken, perToken } from './per-token.ts'

export interface LiteLlmRow {
  readonly name: string
  readonly provider: CatalogueProvider
  readonly model: string
  readonly mode: CatalogueRow['mode']
  readonly entry: Readonly<Record<string, unknown>>
}

/** Whether its context window was cut where a dearer price begins. */
export type ReadRow =
  | { readonly row: CatalogueRow; readonly tiered: boolean }
  | { readonly problems: readonly FieldProblem[] }

export function rowOf({ name, provider, model, mode, entry }: LiteLlmRow): ReadRow {
  const problems: FieldProblem[] = []
  const problem = (field: string, found: unknown, allowed: string): void => {
    problems.push({ field: `${name}.${field}`, found: shown(found), allowed })
  }
  const price = (field: string, rule: PerToken['rule']): number | undefined => {
    const read = perToken(entry[field], rule)
    if (typeof read !== 'object') return read
    problem(field, entry[field], read.allowed)
    return undefined
  }
  const tokens = (field: string): number | undefined => {
    const value = entry[field] ?? undefined
    if (value === undefined || isCount(value)) return value
    problem(field, value, 'a whole number above 0')
    return undefined
  }

  // A price of nothing may mean free, or unknown: an operator says so, a catalogue does not.
  const input = price('input_cost_per_token', 'needed')
  const answer = price('output_cost_per_token', mode === 'chat' ? 'needed' : 'any')
  const reasoning = price('output_cost_per_reasoning_token', 'any')
  const cached = price('cache_read_input_token_cost', 'any')
  const audio = price('input_cost_per_audio_token', 'any')
  const image = price('input_cost_per_image_token', 'any')
  if (Array.isArray(entry.tiered_pricing))
    problem('tiered_pricing', entry.tiered_pricing, 'one price for all lengths')

  const written = tokens('max_output_tokens')
  // `max_tokens` is the older name of either limit.
  const legacy = tokens('max_tokens')
  const holds = tokens('max_input_tokens') ?? legacy
  if (input === undefined || (mode === 'chat' && answer === undefined) || problems.length > 0)
    return { problems }

  const dearerFrom = firstTier(entry)
  const window = least(holds, dearerFrom)
  const gives = mode === 'chat' ? least(written ?? legacy, window) : undefined
  const source =
    typeof entry.source === 'string' && entry.source !== '' ? entry.source : 'LiteLLM, without a page'
  const row: CatalogueRow = {
    ...{ provider, model, mode },
    input_usd_per_mtok: input,
    output_usd_per_mtok: Math.max(answer ?? 0, reasoning ?? 0),
    ...(cached === undefined ? {} : { cached_input_usd_per_mtok: cached }),
    ...(window === undefined ? {} : { context_window: window }),
    ...(gives === undefined ? {} : { max_output_tokens: gives }),
    capabilities:
      mode === 'embedding'
        ? ['embeddings']
        : capabilitiesOf(entry, { audio: (audio ?? 0) <= input, image: (image ?? 0) <= input }),
    source,
  }
  return { row, tiered: dearerFrom !== undefined && window === dearerFrom && window !== holds }
}

const FLAGS = [
  ['supports_function_calling', ['tools']],
  ['supports_response_schema', ['json_mode', 'structured_outputs']],
  ['supports_vision', ['vision']],
  ['supports_reasoning', ['reasoning']],
  ['supports_audio_input', ['audio_input']],
  ['supports_pdf_input', ['pdf']],
] as const

/** @param asText whether such input costs no more than text */
function capabilitiesOf(
  entry: Readonly<Record<string, unknown>>,
  asText: { readonly audio: boolean; readonly image: boolean },
): CatalogueRow['capabilities'] {
  const found = FLAGS.filter(([flag]) => entry[flag] === true).flatMap(([, capabilities]) => [
    ...capabilities,
  ])
  const streams = entry.supports_native_streaming !== false
  const offered = found.filter(
    capability =>
      (capability !== 'audio_input' || asText.audio) &&
      ((capability !== 'vision' && capability !== 'pdf') || asText.image),
  )
  return streams ? [...offered, 'streaming'] : offered
}

/** Tokens of input above which another price holds: `input_cost_per_token_above_200k_tokens`. */
function firstTier(entry: Readonly<Record<string, unknown>>): number | undefined {
  const tiers = Object.entries(entry)
    .filter(([, price]) => price !== null)
    .map(([field]) => Number(TIER.exec(field)?.[1]) * 1_000)
    .filter(tokens => tokens > 0)
  return least(...tiers)
}

const TIER = /^(?:input|output)_cost_per_token_above_(\d{1,9})k_tokens$/

function least(...counts: readonly (number | undefined)[]): number | undefined {
  const known = counts.filter(count => count !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  return typeof value === 'object' ? (Array.isArray(value) ? 'a list' : 'an object') : JSON.stringify(value)
}
