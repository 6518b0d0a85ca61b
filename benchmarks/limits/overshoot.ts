/**
 * How far each limiter lets more through than its limit. A window is begun by one request and flooded near its end and beyond, as
 * a burst may fall; a budget is spent by requests whose cost is known when they are over.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Flooded, FloodOrders } from './flood.ts'
import type { SideName } from './sides.ts'

export const LIMIT = 500
export const WINDOW_S = 1
export const BUDGET_MICRO_USD = 1_000_000
const DEAREST_MICRO_USD = 20_000
const SPENDING_MS = 60_000
export const LOADS = [1, 4].flatMap(processes =>
  [10, 100, 1_000].map(concurrent => ({ processes, concurrent })),
)

export interface Overshoot {
  readonly side: SideName
  readonly processes: number
  /** Requests at one time, of all processes together. */
  readonly concurrent: number
  /** In the worst interval of the window's length: those beyond the limit, counted so that no clock or delay adds any. */
  readonly overshootRequests: number
  readonly overshootUsd: number
}

export async function overshoot(
  url: string,
  side: SideName,
  load: (typeof LOADS)[number],
): Promise<Overshoot> {
  const requests = await run({ url, side, limit: LIMIT, dearest: null }, load)
  const spent = await run({ url, side, limit: BUDGET_MICRO_USD, dearest: DEAREST_MICRO_USD }, load)
  const most = mostWithin(
    requests.flatMap(({ admitted }) => admitted),
    1_000 * WINDOW_S,
  )
  const microUsd = spent.reduce((sum, { spentMicroUsd }) => sum + spentMicroUsd, 0)
  return {
    side,
    ...load,
    overshootRequests: Math.max(0, most - LIMIT),
    overshootUsd: Math.max(0, microUsd - BUDGET_MICRO_USD) / 1e6,
  }
}

/** The most requests that were both sent and answered within an interval of this length. */
export function mostWithin(
  admitted: readonly (readonly [sent: number, answered: number])[],
  lengthMs: number,
): number {
  const bySent = admitted.toSorted((a, b) => a[0] - b[0])
  let most = 0
  for (const [index, [start]] of bySent.entries()) {
    let within = 0
    for (let k = index; k < bySent.length; k += 1) {
      const [sent, answered] = bySent[k] as readonly [number, number]
      if (sent > start + lengthMs) break
      // Answered before that moment, at the end of which the first leaves the window.
      if (answered <= start + lengthMs) within += 1
    }
    most = Math.max(most, within)
  }
  return most
}

type Scenario = Pick<FloodOrders, 'url' | 'side' | 'limit' | 'dearest'>

async function run(
  scenario: Scenario,
  { processes, concurrent }: (typeof LOADS)[number],
): Promise<Flooded[]> {
  // The processes need a moment to start; then on the full second, where windows by the clock begin.
  const beginAt = 1_000 * Math.ceil((Date.now() + START_MS) / 1_000)
  const windowMs = 1_000 * WINDOW_S
  const key = randomUUID()
  const floods = Array.from({ length: processes }, (_, index) => {
    const share = Math.floor(concurrent / processes) + (index < concurrent % processes ? 1 : 0)
    const floodAt = beginAt + 0.9 * windowMs
    const endAt = scenario.dearest === null ? beginAt + 2.4 * windowMs : beginAt + SPENDING_MS
    const timing = { beginAt, begins: index === 0, floodAt, endAt }
    return start({ ...scenario, ...timing, key, inFlight: share, windowSeconds: WINDOW_S })
  })
  return Promise.all(floods)
}

const START_MS = 1_500
const SCRIPT = fileURLToPath(new URL('flood.ts', import.meta.url))

function start(orders: FloodOrders): Promise<Flooded> {
  const args = ['--conditions=@atp/source', SCRIPT, JSON.stringify(orders)]
  const child: ChildProcess = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  return new Promise((resolve, reject) => {
    const output = child.stdout as NonNullable<typeof child.stdout>
    createInterface({ input: output }).on('line', line => {
      if (line.startsWith('{')) resolve(JSON.parse(line))
    })
    child.once('exit', code => reject(new Error(`a flood of ${orders.side} ended with ${code}`)))
  })
}
