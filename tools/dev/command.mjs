/** Runs one command in a process group of its own: a Ctrl-C in the terminal reaches us only, and we decide what ends when. */
import { spawn } from 'node:child_process'
import { ROOT } from './toolchain.mjs'

const LAST_LINES = 500
const running = new Set()

process.on('exit', () => {
  for (const child of running) signalGroup(child, 'SIGKILL')
})

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ env: NodeJS.ProcessEnv, onLine?: (line: string, from: 'stdout' | 'stderr') => void }} options
 * @returns {{ lastLines: string[], ended: Promise<{ code: number | null, signal: string | null }>, kill: (signal: NodeJS.Signals) => void }}
 *   `ended` rejects when the command can't be started.
 */
export function start(command, args, { env, onLine = () => {} }) {
  const child = spawn(command, args, { cwd: ROOT, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  const lastLines = []
  const take = from => line => {
    lastLines.push(line)
    if (lastLines.length > LAST_LINES) lastLines.shift()
    onLine(line, from)
  }
  eachLine(child.stdout, take('stdout'))
  eachLine(child.stderr, take('stderr'))
  const ended = new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal }))
  }).finally(() => running.delete(child))
  return { lastLines, ended, kill: signal => signalGroup(child, signal) }
}

/** Ends every command that still runs, at once. */
export function killAll() {
  for (const child of running) signalGroup(child, 'SIGTERM')
}

function signalGroup(child, signal) {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // The group is gone already.
  }
}

function eachLine(stream, take) {
  let rest = ''
  stream.setEncoding('utf8')
  stream.on('data', chunk => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()
    for (const line of lines) take(line)
  })
  stream.on('end', () => {
    if (rest !== '') take(rest)
  })
}
