/** The documented form of a bench's file: `results[]` with fixed names. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import type { Estimate } from './statistics.ts'

export interface Result extends Estimate {
  /** Fixed: scripts rely on it. */
  readonly name: string
  readonly unit: string
  /** Name of the result that `ratio` divides by, or null. */
  readonly baseline: string | null
  /** This result / the baseline, paired by round. */
  readonly ratio: Estimate | null
}

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly platform: string
  readonly node: string
}

export function machine(): Machine {
  const processors = cpus()
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform}-${process.arch}`,
    node: process.version,
  }
}

export interface BenchFile {
  readonly machine: Machine
  /** What each side ran with, where that is not plain. */
  readonly settings?: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly results: readonly Result[]
}

/** Writes `DIRECTORY/NAME.json`. */
export function writeResults(directory: string, name: string, content: BenchFile): void {
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, `${name}.json`), `${JSON.stringify(content, null, 2)}\n`)
}
