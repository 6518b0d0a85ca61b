/** Installs what the lock file says, once: a stamp in node_modules remembers which lock file it was. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { machineEnv, ROOT } from './toolchain.mjs'

const LOCK = join(ROOT, 'package-lock.json')
const STAMP = join(ROOT, 'node_modules/.atp-installed')
const NPM_RECORD = join(ROOT, 'node_modules/.package-lock.json')

/** @param {import('./step.mjs').Steps} steps */
export async function installIfNeeded(steps) {
  const wanted = createHash('sha256').update(readFileSync(LOCK)).digest('hex')
  if (installed() === wanted || installedByHand()) return steps.skip('install', 'up to date')
  // Warnings about the machine's older Node are noise: everything after this runs on the Node installed here.
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error']
  await steps.command('installing packages (npm ci)', 'npm', args, { env: machineEnv() })
  writeFileSync(STAMP, wanted)
}

function installed() {
  return existsSync(STAMP) ? readFileSync(STAMP, 'utf8') : undefined
}

/** Somebody ran `npm ci` or `npm install` after the lock file last changed. */
function installedByHand() {
  return existsSync(NPM_RECORD) && statSync(NPM_RECORD).mtimeMs >= statSync(LOCK).mtimeMs
}
