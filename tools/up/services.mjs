/** The processes that `up` keeps running: the simulated provider and the gateway, with how each says that it listens and how it ends. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { start } from '../dev/command.mjs'
import { ROOT, workspaceEnv, workspaceNode } from '../dev/toolchain.mjs'
import { isWorthShowing } from './worth-showing.mjs'

const START_DEADLINE_MS = 60_000
/** The gateway's own stop takes 30 s at most, plus its lag. */
const STOP_DEADLINE_MS = 45_000
const POLL_MS = 50
const SHOWN_LINES = 30

/** A service that didn't start or didn't stay. */
export class ServiceFailed extends Error {}

/**
 * A running service.
 * @typedef {object} Service
 * @property {string} url
 * @property {Promise<never>} died rejects with `ServiceFailed` when it ends unasked
 * @property {() => Promise<void>} stop asks it to end, and forces it when it doesn't
 */

/** @returns {Promise<Service>} */
export function startSimulatedProvider(options) {
  return startService('the simulated provider', {
    args: [join(ROOT, 'tools/simulated-provider/dist/main.js'), '--port', '0'],
    listening: /^simulated provider (http:\S+)$/,
    ...options,
  })
}

/**
 * Starts the gateway and waits until it is ready to serve. It makes a tenant `dev` and says where its keys are; nobody needs one where
 * its configuration turns authentication off.
 * @returns {Promise<Service & { devKeyFile?: string, adminKeyFile?: string }>}
 */
export async function startGateway({ config, env, ...options }) {
  const keyFiles = {}
  const gateway = await startService('the gateway', {
    args: [join(ROOT, 'apps/gateway/dist/main.js'), 'serve', '--dev', '--config', config],
    listening: /^listening (http:\S+)$/,
    env,
    ...options,
    onLine: line => {
      const [, scope, file] = /^(dev|admin) key in (.+)$/.exec(line) ?? []
      if (scope !== undefined) keyFiles[`${scope}KeyFile`] = file
    },
  })
  await Promise.race([ready(gateway.url), gateway.died])
  return { ...gateway, ...keyFiles }
}

async function startService(name, { args, listening, env = {}, onStart, onLine = () => {}, verbose }) {
  let stopping = false
  let heard = () => {}
  const listens = new Promise(resolve => {
    heard = resolve
  })
  const child = start(workspaceNode(), args, {
    env: workspaceEnv(env),
    onLine: (line, from) => {
      onLine(line)
      const url = listening.exec(line)?.[1]
      if (url !== undefined) return heard(url)
      if (verbose || isWorthShowing(line, from)) process.stderr.write(`${line}\n`)
    },
  })
  const stop = async () => {
    stopping = true
    child.kill('SIGTERM')
    const force = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS)
    await child.ended
    clearTimeout(force)
  }
  const died = child.ended.then(({ code, signal }) => {
    if (stopping) return new Promise(() => {})
    throw new ServiceFailed(`${name} ended by itself (${signal ?? `exit code ${code}`})${explain(child)}`)
  })
  died.catch(() => {})
  onStart(stop)
  const url = await Promise.race([listens, died, tooLate(name, child)])
  return { url, died, stop }
}

async function ready(url) {
  const deadline = Date.now() + START_DEADLINE_MS
  for (;;) {
    const response = await fetch(new URL('/readyz', url)).catch(() => undefined)
    const state = await response?.text().catch(() => undefined)
    if (response?.status === 200) return
    if (Date.now() > deadline) throw new ServiceFailed(`the gateway listens, but is not ready: ${state}`)
    await sleep(POLL_MS)
  }
}

async function tooLate(name, child) {
  await sleep(START_DEADLINE_MS, undefined, { ref: false })
  throw new ServiceFailed(`${name} is not listening after ${START_DEADLINE_MS / 1000} s${explain(child)}`)
}

function explain(child) {
  const said = child.lastLines.slice(-SHOWN_LINES).join('\n')
  const taken = /EADDRINUSE\D*([\d.:[\]a-f]+:\d+)?/.exec(said)
  if (taken !== null) {
    return `: ${taken[1] ?? 'its port'} is taken by another process. Choose another port: ATP_SERVER_PORT=8081 npm run up`
  }
  return said === '' ? '' : `. Its last output:\n${said}`
}

/** Which implementation of the hot arithmetic the gateway loads, in words. */
export async function describeNative() {
  const url = createRequire(join(ROOT, 'apps/gateway/package.json')).resolve('@atp/native')
  const source = `const { loadNative } = await import(${JSON.stringify(`file://${url}`)})
    let why = ''
    const native = loadNative({ log: message => { why = message } })
    console.log(native.implementation === 'rust' ? 'native: Rust is used' : why)`
  const child = start(workspaceNode(), ['--input-type=module', '-e', source], { env: workspaceEnv() })
  const { code } = await child.ended
  if (code !== 0) throw new ServiceFailed(`@atp/native can't be loaded:\n${child.lastLines.join('\n')}`)
  return child.lastLines.at(-1)
}
