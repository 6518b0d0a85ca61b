/** Logging: JSON lines through pino, written without blocking. No line leaves with a secret in it. */
import { type DestinationStream, type Logger, type LevelWithSilent as LogLevel, pino } from 'pino'
import { redactLine } from './redaction.ts'

export type { DestinationStream, Logger, LogLevel }

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

export interface LoggerOptions {
  readonly level: LogLevel
  /** A file descriptor, a file's path, or a stream. Standard output unless told otherwise. */
  readonly destination?: number | string | DestinationStream
}

export function createLogger({ level, destination = 1 }: LoggerOptions): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
      serializers: { err: pino.stdSerializers.err, error: pino.stdSerializers.err },
      hooks: { streamWrite: redactLine },
    },
    typeof destination === 'object' ? destination : buffered(destination),
  )
}

/** Resolves when every line logged so far is written: the last step of an orderly stop. Never rejects. */
export function flushLogger(logger: Logger): Promise<void> {
  // A pipe cannot be synced to disk and says so, after the lines are through: nothing to report, and nowhere to.
  return new Promise(resolve => logger.flush(() => resolve()))
}

/**
 * Each line is handed to the system at once, and lines that come meanwhile go out together. pino flushes the rest when
 * the process exits. `minLength` is 1 because at 0 sonic-boom's `flush` doesn't wait for the write under way.
 */
function buffered(dest: number | string): DestinationStream {
  return pino.destination({ dest, sync: false, minLength: 1 })
}
