/** A server in a process of its own, which says where it listens: started for a bench, and stopped with it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface ListeningProcess {
  readonly child: ChildProcess
  readonly url: string
}

const START_LIMIT_MS = 30_000

/** Nothing of the caller's own gateway may change the one that is measured, but for which implementation of the maths it has. */
const ENVIRONMENT = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(ATP_(?!NATIVE$)|DATABASE_URL$|REDIS_URL$)/.test(name)),
)

/**
 * @param ready what it prints before its URL when it listens
 * @throws {Error} naming the server where it ends before it listens, or does not in time
 */
export function startListening(
  name: string,
  args: readonly string[],
  ready = 'listening ',
): Promise<ListeningProcess> {
  const child = spawn(process.execPath, args, { env: ENVIRONMENT, stdio: ['ignore', 'pipe', 'inherit'] })
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`${name} did not listen in time`))
    }, START_LIMIT_MS)
    child.once('exit', code => {
      clearTimeout(timer)
      reject(new Error(`${name} ended with ${code}`))
    })
    createInterface({ input: child.stdout }).on('line', line => {
      if (!line.startsWith(ready)) return
      clearTimeout(timer)
      resolve({ child, url: line.slice(ready.length) })
    })
  })
}

export function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise(resolve => {
    child.once('exit', () => resolve())
    child.kill('SIGTERM')
  })
}
