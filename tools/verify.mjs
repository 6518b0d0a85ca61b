/**
 * `npm run verify`: installs if needed, builds, runs every project's tests and ends with the line "N passed, N failed[, N skipped]".
 * Exits with 1 on any failure, and where a project's tests left no report.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { start } from './dev/command.mjs'
import { installIfNeeded } from './dev/install.mjs'
import { endedTask, nxGraph, nxRunMany } from './dev/nx.mjs'
import { Steps } from './dev/step.mjs'
import { onStopSignal } from './dev/stop.mjs'
import { ROOT } from './dev/toolchain.mjs'
import { addReports, closingLine, removeReports } from './verify/reports.mjs'

const HELP = `npm run verify [-- options]     (npm run verify:full runs the long form of the tests)

  --no-cache   run every build and every test, also those whose inputs have not changed
  --verbose    show the output of the install and the build
  --help       this text
`

const { values: options } = parseArgs({
  options: {
    'no-cache': { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (options.help) process.stdout.write(HELP)
else await main()

async function main() {
  onStopSignal(() => process.exit(130))
  const steps = new Steps({ total: 3, verbose: options.verbose })
  const flags = options['no-cache'] ? ['--skip-nx-cache'] : []
  try {
    await installIfNeeded(steps)
    const build = nxRunMany('build', { flags })
    await steps.command('building', build.command, build.args, { env: build.env, describe: endedTask })
    await test(steps, flags)
  } catch (error) {
    process.stderr.write(`\n${error.message}\n`)
    process.stdout.write(`${closingLine({ passed: 0, failed: 1, skipped: 0 })}\n`)
    process.exitCode = 1
  }
}

async function test(steps, flags) {
  const projects = await testedProjects()
  removeReports(projects)
  const { command, args, env } = nxRunMany('test', { flags: [...flags, '--parallel=2'] })
  const { code } = await steps.run('testing', () => {
    const child = start(command, args, {
      env,
      onLine: (line, from) => process[from].write(`${line}\n`),
    })
    return child.ended
  })
  const result = addReports(projects)
  if (code !== 0 && result.failed === 0) {
    result.failed = 1
    result.failures.push('a test task failed without naming a test: see above')
  }
  if (result.failed > 0)
    process.stdout.write(`\nfailed:\n${result.failures.map(name => `  ${name}\n`).join('')}\n`)
  process.stdout.write(`${closingLine(result)}\n`)
  process.exitCode = result.failed > 0 ? 1 : 0
}

/** Every project that Nx would test, with its absolute root. */
async function testedProjects() {
  const directory = mkdtempSync(join(tmpdir(), 'atp-verify-'))
  try {
    const file = join(directory, 'graph.json')
    const { command, args, env } = nxGraph(file)
    const child = start(command, args, { env })
    const { code } = await child.ended
    if (code !== 0) throw new Error(`nx graph failed:\n${child.lastLines.join('\n')}`)
    const { nodes } = JSON.parse(readFileSync(file, 'utf8')).graph
    return Object.values(nodes)
      .filter(({ data }) => data.targets.test !== undefined)
      .map(({ name, data }) => ({ name, root: join(ROOT, data.root) }))
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
