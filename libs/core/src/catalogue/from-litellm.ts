/**
 * Reads LiteLLM's `model_prices_and_context_window.json`. Where that says more than a row of ours can hold, the row is made so that no
 * request costs more than the gateway reckons: dearer tiers are cut off, and what is billed dearer than text is not offered.
 */
import type { FieldProblem } from '../errors.ts'
import {
  CATALOGUE_FORMAT,
  type CatalogueData,
  type CatalogueProvider,
  type CatalogueRow,
} from './catalogue.ts'
import { type ReadRow, rowOf } from './litellm-row.ts'

export interface ImportOptions {
  /** YYYY-MM-DD. */
  readonly date: string
  readonly origin: string
  /** Null: all that we know. */
  readonly providers: readonly string[] | null
}

export interface Imported {
  readonly data: CatalogueData
  /** How many rows were left out, by why: a mode, or a provider, that has no place here. */
  readonly skipped: Readonly<Record<string, number>>
  /** Rows that should have been read and could not be. */
  readonly problems: readonly FieldProblem[]
  /** Models whose context window ends where a dearer price begins. */
  readonly tiered: readonly string[]
}

/** @param source whatever stands in the file */
export function importLiteLlm(source: unknown, { date, origin, providers }: ImportOptions): Imported {
  const found = outcomes(source, providers)
  const read = new Map<string, Extract<ReadRow, { row: CatalogueRow }>>()
  const skipped: Record<string, number> = {}
  for (const outcome of found) {
    const name = 'row' in outcome ? `${outcome.row.provider}/${outcome.row.model}` : ''
    if ('row' in outcome && !read.has(name)) read.set(name, outcome)
    else if ('row' in outcome) count(skipped, 'names that were there before')
    else if ('skip' in outcome) count(skipped, outcome.skip)
  }
  const rows = [...read.values()].map(({ row }) => row).toSorted(byName)
  return {
    data: { format: CATALOGUE_FORMAT, date, origin, models: rows },
    skipped,
    problems: found.flatMap(outcome => ('problems' in outcome ? outcome.problems : [])),
    tiered: [...read].filter(([, { tiered }]) => tiered).map(([name]) => name),
  }
}

function count(counts: Record<string, number>, what: string): void {
  counts[what] = (counts[what] ?? 0) + 1
}

type Outcome = ReadRow | { readonly skip: string }

function outcomes(source: unknown, providers: ImportOptions['providers']): Outcome[] {
  if (!isMapping(source)) {
    return [
      { problems: [{ field: 'file', found: kindOf(source), allowed: 'an object: models by their names' }] },
    ]
  }
  return Object.entries(source)
    .filter(([name]) => name !== SAMPLE)
    .map(([name, entry]) => outcomeOf(name, entry, providers))
}

function outcomeOf(name: string, entry: unknown, providers: ImportOptions['providers']): Outcome {
  if (name === '')
    return { problems: [{ field: 'file', found: 'a model without a name', allowed: 'a name' }] }
  if (!isMapping(entry)) return { problems: [{ field: name, found: kindOf(entry), allowed: 'an object' }] }
  const known = PROVIDERS.get(entry.litellm_provider)
  if (known === undefined || (providers !== null && !providers.includes(known[0]))) {
    return { skip: 'other providers' }
  }
  const { mode } = entry
  if (mode !== 'chat' && mode !== 'embedding') {
    return { skip: typeof mode === 'string' ? `mode ${mode}` : 'no mode' }
  }
  const [provider, prefix] = known
  const model = name.startsWith(prefix) && name.length > prefix.length ? name.slice(prefix.length) : name
  return rowOf({ name, provider, model, mode, entry })
}

/** It describes the format. */
const SAMPLE = 'sample_spec'

/** LiteLLM's names of providers, ours, and what their models' names may begin with. */
const PROVIDERS = new Map<unknown, readonly [ours: CatalogueProvider, prefix: string]>([
  ['openai', ['openai', 'openai/']],
  ['azure', ['azure-openai', 'azure/']],
  ['groq', ['groq', 'groq/']],
  ['mistral', ['mistral', 'mistral/']],
  ['deepseek', ['deepseek', 'deepseek/']],
  ['together_ai', ['together', 'together_ai/']],
  ['openrouter', ['openrouter', 'openrouter/']],
  ['fireworks_ai', ['fireworks', 'fireworks_ai/']],
  ['xai', ['xai', 'xai/']],
  ['anthropic', ['anthropic', 'anthropic/']],
  ['gemini', ['google', 'gemini/']],
  ['bedrock', ['bedrock', 'bedrock/']],
  ['bedrock_converse', ['bedrock', 'bedrock/']],
  ['cohere', ['cohere', 'cohere/']],
  ['cohere_chat', ['cohere', 'cohere_chat/']],
])

function byName(a: CatalogueRow, b: CatalogueRow): number {
  const [left, right] = [`${a.provider} ${a.model}`, `${b.provider} ${b.model}`]
  return left < right ? -1 : Number(left > right)
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`
}
