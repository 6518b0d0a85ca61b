/** What models cost and can do, as it was read on a day: data that an operator's configuration wins over. */
import type { CAPABILITIES } from '../config/adapter-schema.ts'
import { PRESET_NAMES } from '../config/preset-names.ts'

/** Whose price list a row is of: a preset's, or that of a kind of adapter with a format of its own. */
export const CATALOGUE_PROVIDERS = [...PRESET_NAMES, 'anthropic', 'google', 'bedrock', 'cohere'] as const

export type CatalogueProvider = (typeof CATALOGUE_PROVIDERS)[number]

export const CATALOGUE_FORMAT = 'atp-catalogue/1'

export interface CatalogueRow {
  readonly provider: CatalogueProvider
  /** As the provider calls it. */
  readonly model: string
  readonly mode: 'chat' | 'embedding'
  readonly input_usd_per_mtok: number
  readonly output_usd_per_mtok: number
  /** Of input that the provider had cached. To be read: the gateway counts all input at the full price. */
  readonly cached_input_usd_per_mtok?: number
  /** Tokens for which the prices hold. */
  readonly context_window?: number
  readonly max_output_tokens?: number
  readonly capabilities: readonly (typeof CAPABILITIES)[number][]
  /** Where it stands. */
  readonly source: string
}

export interface CatalogueData {
  readonly format: typeof CATALOGUE_FORMAT
  /** YYYY-MM-DD: when it was read. */
  readonly date: string
  /** Whose work it is, and under what terms. */
  readonly origin: string
  readonly models: readonly CatalogueRow[]
}

/** A catalogue, and what to call it. */
export interface NamedCatalogue {
  /** Null: the one that comes with the gateway. */
  readonly file: string | null
  readonly data: CatalogueData
}

export interface FoundRow {
  readonly row: CatalogueRow
  readonly date: string
  readonly file: string | null
}

export class Catalogue {
  readonly #rows = new Map<string, FoundRow>()

  /** @param layers a later one's rows take the place of an earlier one's */
  constructor(layers: readonly NamedCatalogue[]) {
    for (const { file, data } of layers) {
      for (const row of data.models) {
        this.#rows.set(keyOf(row.provider, row.model), { row, date: data.date, file })
      }
    }
  }

  find(provider: string, model: string): FoundRow | undefined {
    return this.#rows.get(keyOf(provider, model))
  }

  /** By provider, as they stand. */
  rows(provider?: string): FoundRow[] {
    return [...this.#rows.values()].filter(({ row }) => provider === undefined || row.provider === provider)
  }
}

function keyOf(provider: string, model: string): string {
  return `${provider} ${model}`
}

export function isCatalogueProvider(name: unknown): name is CatalogueProvider {
  return CATALOGUE_PROVIDERS.some(provider => provider === name)
}
