/** `atp demo`, on the terminal: Ctrl-C shows what is known so far, a second one ends it. */
import type { Preset } from '@atp/domain/routing'
import { DemoError } from '../demo/demo-error.ts'
import { runDemo } from '../demo/run-demo.ts'

export interface DemoArguments {
  readonly url: string
  readonly requests: number
  readonly concurrency: number
  readonly quality: Preset
}

export async function demo({ quality, ...options }: DemoArguments): Promise<void> {
  const interrupt = new AbortController()
  process.once('SIGINT', () => interrupt.abort())
  try {
    await runDemo({ ...options, preference: quality, out: process.stdout, signal: interrupt.signal })
  } catch (error) {
    if (!(error instanceof DemoError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  }
}
