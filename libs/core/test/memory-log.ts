/** A logger whose lines a test can read. */
import { createLogger, type Logger, type LogLevel } from '../src/logging.ts'

export interface MemoryLog {
  readonly log: Logger
  /** What was written, as it was. */
  readonly text: () => string
  readonly lines: () => Record<string, unknown>[]
}

export function memoryLog(level: LogLevel = 'trace'): MemoryLog {
  const written: string[] = []
  const log = createLogger({ level, destination: { write: line => void written.push(line) } })
  return { log, text: () => written.join(''), lines: () => written.map(line => JSON.parse(line)) }
}
