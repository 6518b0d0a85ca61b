/**
 * Runs cargo with the given arguments, or says that there is none and succeeds: `node tools/cargo.mjs [--report DIR] ARGS`.
 * With `--report` it writes DIR/cargo.json, what cargo's "test result:" lines add up to: {passed, failed, skipped}.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export function hasCargo() {
  return spawnSync('cargo', ['--version'], { stdio: 'ignore' }).status === 0
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2))

function main(args) {
  const reports = args[0] === '--report' ? args[1] : undefined
  const cargoArgs = reports === undefined ? args : args.slice(2)
  if (!hasCargo()) {
    console.log('cargo not found: skipped')
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

function countTests(output) {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  for (const [, passed, failed, ignored] of output.matchAll(
    /^test result: .*?(\d+) passed; (\d+) failed; (\d+) ignored/gm,
  )) {
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
