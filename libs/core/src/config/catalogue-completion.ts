/** What the file leaves out of a model, from a catalogue: prices, limits and capabilities, of the adapter's preset or kind. */
import {
  builtInCatalogue,
  Catalogue,
  type CatalogueProvider,
  type CatalogueRow,
  type FoundRow,
  isCatalogueProvider,
  type NamedCatalogue,
  readCatalogue,
} from '../catalogue/index.ts'
import { AtpError, type FieldProblem } from '../errors.ts'
import { nearest } from '../nearest.ts'
import { adaptersIn, type Filled, fill, mappingsIn } from './completion.ts'
import type { ConfigSource } from './config.ts'
import { type Path, pathText } from './path.ts'
import { presetOf } from './presets.ts'

type Loose = Record<string, unknown>

const PRICES = ['input_usd_per_mtok', 'output_usd_per_mtok'] as const
const LIMITS = ['context_window', 'max_output_tokens'] as const

/** @param filled what it fills in is added. @returns models that have no price then, and catalogues that cannot be read */
export function fillFromCatalogues(document: Readonly<Loose>, filled: Filled): FieldProblem[] {
  const problems: FieldProblem[] = []
  const adapters = adaptersIn(document)
  const layers = layersOf(document.catalogue, problems)
  // Nothing is read where nobody's prices are asked for.
  const known = adapters.some(([adapter]) => providerOf(adapter) !== null)
  const catalogue = new Catalogue(known ? [builtInCatalogue(), ...layers] : [])
  for (const [adapter, at] of adapters) {
    const provider = providerOf(adapter)
    const lacks = presetOf(adapter.preset)?.lacks?.value ?? []
    for (const [model, place] of mappingsIn(adapter.models, [...at, 'models'])) {
      const found = provider === null ? undefined : rowFor(catalogue, provider, model)
      if (found !== undefined) fillModel(model, found, lacks, place, filled)
      problems.push(...missingPrices(model, place, whyNone(catalogue, provider, model)))
    }
  }
  return problems
}

function fillModel(
  model: Loose,
  found: FoundRow,
  lacks: readonly CatalogueRow['capabilities'][number][],
  place: Path,
  filled: Filled,
): void {
  const { row } = found
  const source = sourceOf(found)
  for (const key of [...PRICES, ...LIMITS]) {
    if (row[key] !== undefined) fill(model, key, row[key], source, place, filled)
  }
  const can = row.capabilities.filter(capability => !lacks.includes(capability))
  fill(model, 'capabilities', can, source, place, filled)
}

function missingPrices(model: Readonly<Loose>, place: Path, why: string): FieldProblem[] {
  return PRICES.filter(key => model[key] === undefined).map(key => ({
    field: pathText([...place, key]),
    found: 'nothing',
    allowed: `a price in US dollars${why}`,
  }))
}

/** By the name that the provider knows; by the client's, where that is the operator's own. */
function rowFor(catalogue: Catalogue, provider: string, model: Readonly<Loose>): FoundRow | undefined {
  const names = [model.upstream_model, model.name].filter(name => typeof name === 'string')
  return names.map(name => catalogue.find(provider, name)).find(row => row !== undefined)
}

/** Null: nobody has a price list for it. */
export function providerOf({
  preset,
  kind = 'openai-compatible',
}: Readonly<Loose>): CatalogueProvider | null {
  const name = kind === 'openai-compatible' ? preset : kind
  return isCatalogueProvider(name) ? name : null
}

export function sourceOf({ date, file }: FoundRow): ConfigSource {
  return file === null ? `catalogue of ${date}` : `catalogue of ${date} in ${file}`
}

function whyNone(catalogue: Catalogue, provider: string | null, model: Readonly<Loose>): string {
  if (provider === null) return '; or a preset, whose price list has the model'
  const names = catalogue.rows(provider).map(({ row }) => row.model)
  if (names.length === 0) return `: no catalogue has models of ${provider}`
  const name = String(model.upstream_model ?? model.name)
  const meant = nearest(name, names)
  return `: no catalogue has '${name}' of ${provider}${meant === undefined ? '' : ` (did you mean ${meant}?)`}`
}

function layersOf(files: unknown, problems: FieldProblem[]): NamedCatalogue[] {
  const layers: NamedCatalogue[] = []
  for (const [index, file] of Array.isArray(files) ? files.entries() : []) {
    if (typeof file !== 'string') continue
    try {
      layers.push(readCatalogue(file))
    } catch (error) {
      if (!(error instanceof AtpError)) throw error
      const inside = error.problems.map(problem => ({
        ...problem,
        field: `catalogue[${index}]`,
        found: `${problem.field}: ${problem.found}`,
      }))
      problems.push(...inside)
    }
  }
  return layers
}
