/** `npm run up` as a person runs it: what it has said so far, how it ended, and what it left running. */
import { type ChildProcess, spawn } from 'node:child_process'
import { expect, vi } from 'vitest'
import { developerEnv, output, ROOT } from './run.ts'

const DEADLINE_MS = 120_000

export class ForegroundUp {
  readonly #process: ChildProcess
  readonly ended: Promise<number | null>
  said = ''

  constructor(env: Readonly<Record<string, string>>) {
    this.#process = spawn('npm', ['run', 'up'], {
      cwd: ROOT,
      env: { ...developerEnv(), ATP_SERVER_PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#process.stdout?.on('data', chunk => {
      this.said += chunk
    })
    this.#process.stderr?.on('data', chunk => {
      this.said += chunk
    })
    this.ended = new Promise(resolve => this.#process.once('close', resolve))
  }

  /** Waits for the line and returns its URL. */
  async ready(): Promise<string> {
    const line = /^ready (http:\S+)$/m
    await vi.waitFor(() => expect(this.said).toMatch(line), { timeout: DEADLINE_MS, interval: 50 })
    return line.exec(this.said)?.[1] ?? ''
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  /** The process ids of the services that it started, all or those whose command line contains the words. */
  async services(words = 'dist/main.js'): Promise<readonly number[]> {
    const table = (await output('ps', ['-e', '-o', 'pid=,ppid=,args=']))
      .split('\n')
      .map(line => line.trim().split(/\s+/))
    const children = (parent: unknown) => table.filter(([, ppid]) => Number(ppid) === Number(parent))
    return children(this.#process.pid)
      .flatMap(([script]) => children(script))
      .filter(([, , ...args]) => args.join(' ').includes(words))
      .map(([pid]) => Number(pid))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal('SIGTERM')
    await this.ended
  }
}

export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
