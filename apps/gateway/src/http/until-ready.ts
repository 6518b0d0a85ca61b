/** Waiting for whatever a component still waits for, where another process serves meanwhile. */
import type { Readiness } from './readiness.ts'

const LOOK_EVERY_MS = 50
const PATIENCE_MS = 30_000

/** @throws {Error} where it is not ready within half a minute, naming what is not */
export async function untilReady(readiness: Readiness): Promise<void> {
  for (let looked = 0; readiness.report().status === 'unavailable'; looked += 1) {
    if (looked * LOOK_EVERY_MS >= PATIENCE_MS) throw new Error(`it is not ready: ${unready(readiness)}`)
    await new Promise(resolve => setTimeout(resolve, LOOK_EVERY_MS))
  }
}

function unready(readiness: Readiness): string {
  return Object.entries(readiness.report().checks)
    .filter(([, { status }]) => status === 'unavailable')
    .map(([name, { detail }]) => `${name}: ${detail}`)
    .join('; ')
}
