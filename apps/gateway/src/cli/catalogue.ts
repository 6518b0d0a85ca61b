/** `atp catalogue`: import a price list, look at one, or see what each configured model costs and can do, and why. */
import { writeFileSync } from 'node:fs'
import {
  builtInCatalogue,
  Catalogue,
  type CatalogueRow,
  type Imported,
  importLiteLlm,
  readCatalogue,
  readJson,
} from '@atp/core/catalogue'
import { loadConfig, renderProblems } from '@atp/core/config'
import { textTable } from '../text-table.ts'
import { explainBadConfig } from './config.ts'
import { configFileOf } from './config-file.ts'

export interface ImportArguments {
  readonly out: string
  readonly provider: readonly string[]
  readonly date: string
}

/** Ends with code 1 where no row could be read. */
export function importCatalogue(file: string, { out, provider, date }: ImportArguments): void {
  try {
    const providers = provider.length === 0 ? null : provider
    const imported = importLiteLlm(readJson(file), { date, origin: `LiteLLM's list, ${file}`, providers })
    process.stderr.write(importReport(imported))
    if (imported.data.models.length === 0) {
      process.stderr.write(`Nothing was written: ${file} has no row that could be read.\n`)
      process.exitCode = 1
      return
    }
    writeFileSync(out, `${JSON.stringify(imported.data, null, 2)}\n`)
    process.stdout.write(`${imported.data.models.length} models of ${date} in ${out}\n`)
  } catch (error) {
    explainBadConfig(error)
  }
}

function importReport({ skipped, problems, tiered }: Imported): string {
  const left = Object.entries(skipped).map(([why, rows]) => `left out ${rows}: ${why}\n`)
  const cut =
    tiered.length === 0
      ? ''
      : `${tiered.length} models cost more for longer prompts: their context window ends there (${tiered.join(', ')})\n`
  const bad = problems.length === 0 ? '' : `rows that could not be read:\n${renderProblems(problems)}\n`
  return `${left.join('')}${cut}${bad}`
}

export interface ListArguments {
  readonly provider?: string
  readonly file: readonly string[]
  readonly json: boolean
}

export function listCatalogue({ provider, file, json }: ListArguments): void {
  try {
    const catalogue = new Catalogue([builtInCatalogue(), ...file.map(readCatalogue)])
    const rows = catalogue.rows(provider)
    if (json)
      process.stdout.write(
        `${JSON.stringify(
          rows.map(({ row, date }) => ({ ...row, date })),
          null,
          2,
        )}\n`,
      )
    else if (rows.length === 0) process.stdout.write('No model.\n')
    else
      process.stdout.write(
        `${textTable(
          LIST_HEAD,
          rows.map(({ row, date }) => listed(row, date)),
          2,
        )}\n`,
      )
  } catch (error) {
    explainBadConfig(error)
  }
}

const LIST_HEAD = [
  'provider',
  'model',
  'input $/M',
  'output $/M',
  'cached $/M',
  'context',
  'output',
  'read on',
  'can',
]

function listed(row: CatalogueRow, date: string): string[] {
  return [
    row.provider,
    row.model,
    `${row.input_usd_per_mtok}`,
    `${row.output_usd_per_mtok}`,
    `${row.cached_input_usd_per_mtok ?? ''}`,
    `${row.context_window ?? ''}`,
    `${row.max_output_tokens ?? ''}`,
    date,
    row.capabilities.join(' '),
  ]
}

const SHOWN = [
  'input_usd_per_mtok',
  'output_usd_per_mtok',
  'context_window',
  'max_output_tokens',
  'capabilities',
] as const

/** Ends with code 1 where the configuration is not valid: a model without a price is not. */
export function checkCatalogue(option: string | undefined): void {
  try {
    const { config, sources } = loadConfig(configFileOf(option))
    const rows = config.adapters.flatMap(({ id, models }, adapter) =>
      models.flatMap((model, index) =>
        SHOWN.map(key => [
          `${id}/${model.name}`,
          key,
          [model[key]].flat().join(' '),
          sources[`adapters[${adapter}].models[${index}].${key}`] ?? 'default',
        ]),
      ),
    )
    if (rows.length === 0) process.stdout.write('The configuration has no model.\n')
    else process.stdout.write(`${textTable(['model', 'key', 'value', 'comes from'], rows, 4)}\n`)
  } catch (error) {
    explainBadConfig(error)
  }
}
