/** How long a gateway takes from SIGTERM to its end while it is under load. */
import { once } from 'node:events'
import { ClosedLoop, SCENARIOS, type Scenario } from '../load/closed-loop.ts'
import type { Gateways } from './gateways.ts'

const WARM_UP_SECONDS = 1
/** Longer than it may take. */
const LOAD_SECONDS = 60

export interface StopOptions {
  readonly gateways: Gateways
  readonly rounds: number
  readonly connections: number
  readonly progress: (step: string) => void
}

/** @returns milliseconds, of each round. @throws {Error} where one ended otherwise than with 0 */
export async function measureStop({
  gateways,
  rounds,
  connections,
  progress,
}: StopOptions): Promise<number[]> {
  const times: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    progress(`SIGTERM ${round + 1} of ${rounds}`)
    const { child, url } = await gateways.start('process')
    const loop = new ClosedLoop(url, connections)
    await loop.run(SCENARIOS[0] as Scenario, WARM_UP_SECONDS)
    // It ends with the gateway, at the first request that finds nobody.
    const load = loop.run(SCENARIOS[0] as Scenario, LOAD_SECONDS).catch(() => undefined)
    const exited = once(child, 'exit')
    const sentAt = performance.now()
    child.kill('SIGTERM')
    const [code] = (await exited) as [number | null]
    times.push(performance.now() - sentAt)
    await load
    await loop.destroy()
    if (code !== 0) throw new Error(`the gateway ended with ${code} on SIGTERM`)
  }
  return times
}
