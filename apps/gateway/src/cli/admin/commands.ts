/** The commands over the admin API of a running gateway. What each does is loaded when it is called. */
import { join } from 'node:path'
import type { Command } from 'commander'
import { dollars, duration, list, preset, scope, url } from '../option-values.ts'

export function addAdministration(program: Command): void {
  const tenants = program.command('tenants').description('list, show and make tenants, and set their limits')
  over(tenants, 'list', 'all tenants').action(async options => {
    const { listTenants } = await import('./tenants.ts')
    await listTenants(options)
  })
  over(tenants, 'show <id>', 'one tenant, with its limits').action(async (id, options) => {
    const { showTenant } = await import('./tenants.ts')
    await showTenant(id, options)
  })
  over(tenants, 'create <id>', 'make a tenant')
    .option('--name <name>', 'for people (default: the id)')
    .option('--time-zone <zone>', 'IANA name: where its days and months begin (default: UTC)')
    .option('--models <list>', 'arms or model names that it may use, with commas (default: all)', list)
    .option('--quality <preset>', 'where a request says nothing: fast, balanced or high', preset)
    .action(async (id, options) => {
      const { createTenant } = await import('./tenants.ts')
      await createTenant(id, options)
    })
  over(tenants, 'limits <id>', 'the limits of a tenant, or others in their place')
    .option('--file <file>', 'a JSON array of limits that takes their place')
    .action(async (id, options) => {
      const { tenantLimits } = await import('./tenants.ts')
      await tenantLimits(id, options)
    })

  const keys = program.command('keys').description('list, make, rotate and revoke API keys')
  over(keys, 'list', 'all keys, revoked ones too')
    .option('--tenant <id>', 'of this tenant alone')
    .action(async options => {
      const { listKeys } = await import('./keys.ts')
      await listKeys(options)
    })
  over(keys, 'create', 'make a key and print it: it is shown once')
    .option('--tenant <id>', 'of a data key; an admin key has none')
    .option('--name <name>', 'for people', 'made by atp')
    .option('--scope <scope>', 'data or admin', scope, 'data')
    .option('--expires <time>', 'RFC 3339, such as 2027-01-31T00:00:00Z (default: never)')
    .action(async options => {
      const { createKey } = await import('./keys.ts')
      await createKey(options)
    })
  over(keys, 'rotate <id>', 'make a key that takes the place of this one, and print it')
    .option('--overlap <duration>', 'how long the old one goes on working', duration, '24h')
    .option('--expires <time>', 'of the new one, RFC 3339 (default: never)')
    .action(async (id, options) => {
      const { rotateKey } = await import('./keys.ts')
      await rotateKey(id, options)
    })
  over(keys, 'revoke <id>', 'end a key, on every replica within a second, for good').action(
    async (id, options) => {
      const { revokeKey } = await import('./keys.ts')
      await revokeKey(id, options)
    },
  )

  const prices = program.command('prices').description('list, set and withdraw prices of models')
  over(prices, 'list', 'what models cost, cost before, and will cost')
    .option('--model <model>', 'an arm or a model’s name')
    .option('--at <time>', 'only what holds then, RFC 3339')
    .action(async options => {
      const { listPrices } = await import('./prices.ts')
      await listPrices(options)
    })
  over(prices, 'set <model>', 'set a model’s price, from now on or from a moment to come')
    .requiredOption('--input <usd>', 'US dollars per million tokens of input', dollars)
    .requiredOption('--output <usd>', 'US dollars per million tokens of output', dollars)
    .option('--from <time>', 'RFC 3339, a time to come (default: now)')
    .action(async (model, options) => {
      const { setPrice } = await import('./prices.ts')
      await setPrice(model, options)
    })
  over(prices, 'withdraw <id>', 'take back a price that does not hold yet').action(async (id, options) => {
    const { withdrawPrice } = await import('./prices.ts')
    await withdrawPrice(id, options)
  })

  over(program, 'usage', 'calls, tokens and money by day, tenant, key and model')
    .option('--from <day>', 'the first day, UTC, such as 2026-11-24 (default: today)')
    .option('--to <day>', 'the last day (default: today)')
    .option('--tenant <id>', 'of this tenant alone')
    .action(async options => {
      const { showUsage } = await import('./usage.ts')
      await showUsage(options)
    })
}

/** A command that asks a gateway. There is no option for the key itself: others on the machine can read a command line. */
function over(parent: Command, name: string, description: string): Command {
  const file = join(process.env.ATP_DATA_DIR || 'data', 'admin-key')
  return parent
    .command(name)
    .description(description)
    .option('--url <url>', 'where the gateway listens', url, 'http://127.0.0.1:8080')
    .option('--key-file <file>', `where the admin key is (default: $ATP_ADMIN_KEY holds it, else ${file})`)
    .option('--json', 'print the gateway’s answer, as JSON', false)
}
