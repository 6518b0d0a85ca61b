/** The `atp catalogue` commands. */
import { CATALOGUE_PROVIDERS } from '@atp/core/catalogue'
import { systemClock } from '@atp/core/clock'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { ImportArguments, ListArguments } from './catalogue.ts'

export function addCatalogue(
  program: Command,
  configOption: readonly [flags: string, description: string],
): void {
  const catalogue = program
    .command('catalogue')
    .description('look at what models cost and can do, and bring that up to date')

  catalogue
    .command('import')
    .description("make a catalogue of LiteLLM's model_prices_and_context_window.json")
    .argument('<file>', "LiteLLM's file")
    .option('--out <file>', 'where to write it, for `catalogue` in the configuration', 'catalogue.json')
    .option(
      '--provider <names>',
      'only these, with commas between them (default: all that are known)',
      providers,
      [],
    )
    .option('--date <date>', 'when the list was read, YYYY-MM-DD', day, today())
    .action(async (file: string, options: ImportArguments) => {
      const { importCatalogue } = await import('./catalogue.ts')
      importCatalogue(file, options)
    })

  catalogue
    .command('list')
    .description('print the catalogue that comes with the gateway, and what is laid over it')
    .addOption(new Option('--provider <name>', 'only of this one').choices(CATALOGUE_PROVIDERS))
    .option('--file <file>', 'an imported catalogue, over it; may be repeated', collected, [])
    .option('--json', 'print JSON', false)
    .action(async (options: ListArguments) => {
      const { listCatalogue } = await import('./catalogue.ts')
      listCatalogue(options)
    })

  catalogue
    .command('check')
    .description('say what each configured model costs and can do, and where each value comes from')
    .option(...configOption)
    .action(async (options: { readonly config?: string }) => {
      const { checkCatalogue } = await import('./catalogue.ts')
      checkCatalogue(options.config)
    })
}

function providers(text: string): string[] {
  const names = text.split(',').map(name => name.trim())
  const unknown = names.find(name => !CATALOGUE_PROVIDERS.some(known => known === name))
  if (unknown === undefined) return names
  throw new InvalidArgumentError(`some of ${CATALOGUE_PROVIDERS.join(', ')} are wanted.`)
}

function day(text: string): string {
  if (/^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text))) return text
  throw new InvalidArgumentError('a day is wanted, such as 2026-11-28.')
}

function today(): string {
  return new Date(systemClock.now()).toISOString().slice(0, 10)
}

function collected(text: string, before: readonly string[]): string[] {
  return [...before, text]
}
