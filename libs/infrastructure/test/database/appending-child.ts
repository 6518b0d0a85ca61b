/** Starts the appending process and follows what it says. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'

export interface AppendingChild {
  readonly pid: number
  /** Resolves when this many appends are acknowledged. */
  acknowledged(count: number): Promise<void>
  /** Kills it with SIGKILL. @returns the appends that it had acknowledged */
  kill(): Promise<number>
}

/** @param name of the process's file */
export function startAppending(directory: string, name = 'appending-process'): AppendingChild {
  const script = new URL(`./${name}.ts`, import.meta.url).pathname
  const child: ChildProcess = spawn(process.execPath, ['--conditions=@atp/source', script, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const closed = once(child, 'close')
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  let last = 0
  lines.on('line', line => {
    last = Number(line)
  })
  return {
    pid: child.pid as number,
    async acknowledged(count) {
      while (last < count) {
        const ended = await Promise.race([once(lines, 'line').then(() => false), closed.then(() => true)])
        if (ended) throw new Error(`the appending process ended after ${last} appends`)
      }
    },
    async kill() {
      child.kill('SIGKILL')
      await closed
      return last
    },
  }
}
