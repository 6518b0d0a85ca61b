/** `atp demo`, on the terminal: Ctrl-C shows what is known so far, a second one ends it. */
import { writeFileSync } from 'node:fs'
import type { Preset } from '@atp/domain/routing'
import { DemoError } from '../demo/demo-error.ts'
import { runDemo } from '../demo/run-demo.ts'
import { shareChart } from '../demo/share-chart.ts'

export interface DemoArguments {
  readonly url: string
  readonly requests: number
  readonly concurrency: number
  readonly quality: Preset
  readonly chart?: string
}

export async function demo({ quality, chart, ...options }: DemoArguments): Promise<void> {
  const interrupt = new AbortController()
  process.once('SIGINT', () => interrupt.abort())
  try {
    const out = process.stdout
    const report = await runDemo({ ...options, preference: quality, out, signal: interrupt.signal })
    if (chart !== undefined) writeFileSync(chart, shareChart(report))
  } catch (error) {
    if (!(error instanceof DemoError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  }
}
