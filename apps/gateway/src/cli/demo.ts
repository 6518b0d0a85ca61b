/** `atp demo`, on the terminal: Ctrl-C shows what is known so far, a second one ends it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Preset } from '@atp/domain/routing'
import { DemoError } from '../demo/demo-error.ts'
import { runDemo } from '../demo/run-demo.ts'
import { shareChart } from '../demo/share-chart.ts'

export interface DemoArguments {
  readonly url: string
  readonly keyFile: string
  readonly requests: number
  readonly concurrency: number
  readonly quality: Preset
  readonly chart?: string
}

export async function demo({ quality, chart, keyFile, ...options }: DemoArguments): Promise<void> {
  const interrupt = new AbortController()
  process.once('SIGINT', () => interrupt.abort())
  try {
    const out = process.stdout
    const key = keyIn(keyFile)
    const report = await runDemo({ ...options, key, preference: quality, out, signal: interrupt.signal })
    if (chart !== undefined) writeFileSync(chart, shareChart(report))
  } catch (error) {
    if (!(error instanceof DemoError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  }
}

/** Without a file there is no key: the gateway may ask nobody for one, and says so otherwise. */
function keyIn(file: string): string | null {
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : null
}
