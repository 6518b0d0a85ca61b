/** Waiting for whatever a component still waits for, where another process serves meanwhile. */
import type { Readiness, ReadinessReport } from './readiness.ts'

const LOOK_EVERY_MS = 50
const PATIENCE_MS = 30_000

/**
 * @param signal fires where nobody waits any more
 * @throws {Error} where it is not ready by then, or within half a minute, naming what is not
 */
export async function untilReady(readiness: Readiness, signal: AbortSignal): Promise<void> {
  for (let looked = 0; ; looked += 1) {
    const report = await readiness.report()
    if (report.status !== 'unavailable') return
    if (signal.aborted || looked * LOOK_EVERY_MS >= PATIENCE_MS)
      throw new Error(`it is not ready: ${unready(report)}`)
    await new Promise(resolve => setTimeout(resolve, LOOK_EVERY_MS))
  }
}

function unready({ checks }: ReadinessReport): string {
  return Object.entries(checks)
    .filter(([, { status }]) => status === 'unavailable')
    .map(([name, { detail }]) => `${name}: ${detail}`)
    .join('; ')
}
