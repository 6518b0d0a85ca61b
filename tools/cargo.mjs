/**
 * Runs cargo with the given arguments, or says why it can't and succeeds: `node tools/cargo.mjs [--report DIR] ARGS`.
 * With `--report` it writes DIR/cargo.json, what cargo's "test result:" lines add up to: {passed, failed, skipped}.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Why the workspace can't be built here, or null. */
export function whyNoCargo() {
  const found = versionOf(['--version'])
  if (found === null) return 'cargo not found'
  const manifest = readFileSync(new URL('../Cargo.toml', import.meta.url), 'utf8')
  const [, needed] = /^rust-version = "(.+)"$/m.exec(manifest)
  return isOlder(found, needed) ? `cargo ${found} is older than ${needed}` : null
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2))

function main(args) {
  const reports = args[0] === '--report' ? args[1] : undefined
  const cargoArgs = reports === undefined ? args : args.slice(2)
  const reason = whyNoCargo() ?? whyNoComponent(cargoArgs[0])
  if (reason !== null) {
    console.log(`${reason}: skipped`)
    if (reports !== undefined) writeReport(reports, { passed: 0, failed: 0, skipped: 1 })
    return
  }
  const cargo = spawn('cargo', cargoArgs, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  cargo.stdout.setEncoding('utf8')
  cargo.stdout.on('data', text => {
    output += text
    process.stdout.write(text)
  })
  cargo.on('close', code => {
    if (reports !== undefined) writeReport(reports, countTests(output))
    process.exitCode = code ?? 1
  })
}

/** Clippy and rustfmt are components of their own: a minimal toolchain lacks them. */
function whyNoComponent(command) {
  if (command !== 'clippy' && command !== 'fmt') return null
  return versionOf([command, '--version']) === null ? `cargo ${command} not found` : null
}

function versionOf(args) {
  const { status, stdout } = spawnSync('cargo', args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return status === 0 ? (/\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? '') : null
}

function isOlder(found, needed) {
  const [major, minor] = found.split('.').map(Number)
  const [neededMajor, neededMinor] = needed.split('.').map(Number)
  return major < neededMajor || (major === neededMajor && minor < neededMinor)
}

function countTests(output) {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  const results = output.matchAll(/^test result: .*?(\d+) passed; (\d+) failed; (\d+) ignored/gm)
  for (const [, passed, failed, ignored] of results) {
    counts.passed += Number(passed)
    counts.failed += Number(failed)
    counts.skipped += Number(ignored)
  }
  return counts
}

function writeReport(directory, counts) {
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'cargo.json'), `${JSON.stringify(counts)}\n`)
}
