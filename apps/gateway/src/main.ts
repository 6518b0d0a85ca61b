/** The `atp` command. Each subcommand loads only what it needs. */
import { join } from 'node:path'
import { Command } from 'commander'
import { addAdministration } from './cli/admin/commands.ts'
import { addCatalogue } from './cli/catalogue-commands.ts'
import type { DeadLetterArguments } from './cli/dead-letters.ts'
import type { DemoArguments } from './cli/demo.ts'
import { duration, policies, preset, wholeNumber } from './cli/option-values.ts'
import type { ReplayArguments } from './cli/replay.ts'
import type { ServeOptions } from './cli/serve.ts'
import { VERSION } from './version.ts'

const CONFIG_OPTION = ['-c, --config <file>', 'configuration file (default: $ATP_CONFIG, else none)'] as const

const program = new Command('atp')
  .description(
    'ATP Gateway: sends each LLM request to the best model for it, and learns from what came back.',
  )
  .version(VERSION)
  .showHelpAfterError()

program
  .command('serve', { isDefault: true })
  .description('run the gateway in the foreground until SIGTERM or Ctrl-C')
  .option(...CONFIG_OPTION)
  .option(
    '--workers <n>',
    'processes that serve on the same port; SIGHUP replaces them one after the other by the configuration as it is then',
    wholeNumber,
    1,
  )
  .option('--dev', 'make a tenant `dev` with a key, and the first admin key, kept in data.dir')
  .action(async (options: ServeOptions) => {
    const { serve } = await import('./cli/serve.ts')
    await serve(options)
  })

program
  .command('key')
  .description('print a new API key, for auth.admin_key')
  .action(async () => {
    const { printKey } = await import('./cli/key.ts')
    printKey()
  })

const config = program.command('config').description('look at the configuration')

config
  .command('check')
  .description('say whether the configuration is valid, and where each value comes from')
  .option(...CONFIG_OPTION)
  .action(async (options: { readonly config?: string }) => {
    const { checkConfig } = await import('./cli/config.ts')
    checkConfig(options.config)
  })

config
  .command('schema')
  .description('print the JSON Schema of the configuration file, for editors')
  .action(async () => {
    const { printSchema } = await import('./cli/config.ts')
    printSchema()
  })

program
  .command('secrets')
  .description('look at the secrets that the configuration names')
  .command('doctor')
  .description('say where each secret comes from and whether it can be read; no value is shown')
  .option(...CONFIG_OPTION)
  .action(async (options: { readonly config?: string }) => {
    const { diagnoseSecrets } = await import('./cli/secrets.ts')
    await diagnoseSecrets(options.config)
  })

program
  .command('demo')
  .description('send a few hundred prompts to a running gateway and watch it learn')
  .option('--url <url>', 'where the gateway listens', 'http://127.0.0.1:8080')
  .option('--key-file <file>', 'where the API key is', join(process.env.ATP_DATA_DIR || 'data', 'dev-key'))
  .option('--requests <n>', 'prompts to route', wholeNumber, 600)
  .option('--concurrency <n>', 'prompts under way at once', wholeNumber, 16)
  .option('--quality <preset>', 'fast, balanced or high', preset, 'balanced')
  .option('--chart <file>', 'draw how the traffic moved, as SVG')
  .action(async (options: DemoArguments) => {
    const { demo } = await import('./cli/demo.ts')
    await demo(options)
  })

program
  .command('replay')
  .description('say what other policies would have earned on recorded traffic; the gateway may run meanwhile')
  .option(...CONFIG_OPTION)
  .option(
    '--policy <name>',
    'recorded, shadow, thompson, greedy, random, or always:<model>; may be repeated (default: all)',
    policies,
    [],
  )
  .option('--quality <preset>', 'as if every request had preferred this: fast, balanced or high', preset)
  .option('--since <duration>', 'how far back to look', duration, '1d')
  .option('--limit <n>', 'decisions to look at, the youngest', wholeNumber, 10_000)
  .option('--json', 'print every figure, as JSON', false)
  .action(async (options: ReplayArguments) => {
    const { replay } = await import('./cli/replay.ts')
    await replay(options)
  })

const deadLetters = program
  .command('dead-letters')
  .description('look at the rows that Postgres refused; the gateway may run meanwhile')

deadLetters
  .command('list')
  .description('say which rows were refused, when and why')
  .option(...CONFIG_OPTION)
  .option('--limit <n>', 'rows of each journal, the oldest', wholeNumber, 100)
  .option('--json', 'print JSON', false)
  .action(async (options: DeadLetterArguments & { readonly limit: number }) => {
    const { listDeadLetters } = await import('./cli/dead-letters.ts')
    listDeadLetters(options)
  })

deadLetters
  .command('show')
  .description('print a refused row as it was sent')
  .argument('<id>', "the row's id")
  .option(...CONFIG_OPTION)
  .option('--json', 'print JSON', false)
  .action(async (id: string, options: DeadLetterArguments) => {
    const { showDeadLetter } = await import('./cli/dead-letters.ts')
    showDeadLetter(id, options)
  })

for (const [change, description] of [
  ['requeue', 'send refused rows again: at once, where a gateway runs, and otherwise when it starts'],
  ['discard', 'let refused rows go for good'],
] as const) {
  deadLetters
    .command(change)
    .description(description)
    .argument('[ids...]', 'ids of rows')
    .option(...CONFIG_OPTION)
    .option('--all', 'all that were refused', false)
    .option('--json', 'print JSON', false)
    .action(async (ids: readonly string[], options: DeadLetterArguments & { readonly all: boolean }) => {
      const { changeDeadLetters } = await import('./cli/dead-letters.ts')
      changeDeadLetters(change, ids, options)
    })
}
addCatalogue(program, CONFIG_OPTION)
addAdministration(program)

await program.parseAsync()
