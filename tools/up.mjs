/**
 * `npm run up`: from a bare clone to a gateway that answers, in the foreground. Prints `ready URL` once, when the first request would
 * succeed; ends everything that it started. Runs on Node 20 as it must install the Node that the rest needs.
 */
import { readFileSync, rmSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { installIfNeeded } from './dev/install.mjs'
import { endedTask, nxRunMany } from './dev/nx.mjs'
import { Steps } from './dev/step.mjs'
import { onStopSignal, StopStack } from './dev/stop.mjs'
import { describeNative, startGateway, startSimulatedProvider } from './up/services.mjs'
import { adminHint, demoHint, firstSteps, HELP } from './up/texts.mjs'

const SIMULATED_CONFIG = 'config/simulated.yaml'

const { values: options } = parseArgs({
  options: {
    config: { type: 'string' },
    verbose: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (options.help) process.stdout.write(HELP)
else await main()

async function main() {
  const started = new StopStack()
  onStopSignal(() => {
    process.stdout.write('\nstopping...\n')
    started.stop().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  })
  try {
    await up(started)
  } catch (error) {
    if (started.stopping) return
    process.stderr.write(`\n${error.message}\n`)
    await started.stop()
    process.exitCode = 1
  }
}

async function up(started) {
  const ownConfig = options.config ?? (process.env.ATP_CONFIG || undefined)
  const simulated = ownConfig === undefined
  const steps = new Steps({ total: simulated ? 4 : 3, verbose: options.verbose })
  await installIfNeeded(steps)
  await build(steps, simulated)
  const native = await describeNative()

  const service = { verbose: options.verbose, onStart: stop => started.push(stop) }
  const provider = simulated
    ? await steps.run('starting the simulated models', () => startSimulatedProvider(service))
    : undefined
  const gateway = await steps.run('starting the gateway', () =>
    startGateway({
      ...service,
      config: ownConfig ?? SIMULATED_CONFIG,
      env: provider === undefined ? {} : adaptersAt(provider.url),
    }),
  )
  if (started.stopping) return

  process.stdout.write(`${native}\n${firstSteps(gateway.url, keyIn(gateway.devKeyFile))}`)
  if (gateway.adminKeyFile !== undefined)
    process.stdout.write(adminHint(gateway.url, takeKey(gateway.adminKeyFile)))
  if (simulated) process.stdout.write(demoHint(gateway.url, gateway.devKeyFile))
  process.stdout.write(`ready ${gateway.url}\n`)
  await Promise.race([gateway.died, ...(provider === undefined ? [] : [provider.died])])
}

function build(steps, simulated) {
  const projects = ['@atp/gateway', ...(simulated ? ['@atp/simulated-provider'] : [])]
  const { command, args, env } = nxRunMany('build', { projects })
  return steps.command('building', command, args, { env, describe: endedTask })
}

function keyIn(file) {
  return file === undefined ? undefined : readFileSync(file, 'utf8').trim()
}

/** The first admin key is shown once, and then nowhere. */
function takeKey(file) {
  const key = keyIn(file)
  rmSync(file)
  return key
}

/** Where config/simulated.yaml's two accounts find their models: the simulator took any free port. */
function adaptersAt(url) {
  return { ATP_ADAPTERS_0_BASE_URL: `${url}/alpha/v1`, ATP_ADAPTERS_1_BASE_URL: `${url}/beta/v1` }
}
