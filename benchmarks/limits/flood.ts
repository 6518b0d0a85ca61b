/** One of the processes that flood a limit or spend a budget: does what its command line says, prints what was admitted. */
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { type SideName, sideOf } from './sides.ts'

export interface FloodOrders {
  readonly url: string
  readonly side: SideName
  readonly key: string
  readonly inFlight: number
  /** Milliseconds since 1970 at which the window is begun by one request, if this process is the one; the flood follows. */
  readonly beginAt: number
  readonly begins: boolean
  readonly floodAt: number
  readonly endAt: number
  readonly limit: number
  readonly windowSeconds: number
  /** Instead of requests: each costs up to so many micro-USD, known when it is over. */
  readonly dearest: number | null
}

export interface Flooded {
  /** Milliseconds since 1970: when an admitted request was sent and answered. */
  readonly admitted: readonly (readonly [sent: number, answered: number])[]
  readonly spentMicroUsd: number
}

const orders = JSON.parse(process.argv[2] as string) as FloodOrders
const redis = new Redis(orders.url)
await new Promise<void>(ready => redis.once('ready', () => ready()))
const flooded = orders.dearest === null ? await flood() : await spend(orders.dearest)
console.log(JSON.stringify(flooded))
redis.disconnect()

async function flood(): Promise<Flooded> {
  const { side, key, limit, windowSeconds, inFlight } = orders
  const decide = sideOf(side, redis).decider(key, [{ amount: limit, seconds: windowSeconds }])
  const admitted: [number, number][] = []
  const ask = async () => {
    // The one clock that all processes share: down to the millisecond before, and up to the one after.
    const sent = Date.now()
    if (await decide()) admitted.push([sent, Date.now() + 1])
    // A library that never leaves this process would keep the timers from running.
    else await new Promise(resolve => setImmediate(resolve))
  }
  await delay(Math.max(0, orders.beginAt - Date.now()))
  if (orders.begins) await ask()
  await delay(Math.max(0, orders.floodAt - Date.now()))
  const work = async () => {
    while (Date.now() < orders.endAt) await ask()
  }
  await Promise.all(Array.from({ length: inFlight }, work))
  return { admitted, spentMicroUsd: 0 }
}

async function spend(dearest: number): Promise<Flooded> {
  const purse = sideOf(orders.side, redis).purse(orders.key, orders.limit)
  if (purse === null) throw new Error(`${orders.side} holds no budgets`)
  let spentMicroUsd = 0
  await delay(Math.max(0, orders.floodAt - Date.now()))
  const work = async () => {
    while (Date.now() < orders.endAt) {
      const end = await purse.begin(dearest)
      if (end === null) return
      // The answer takes a moment, and only then is its cost known.
      await delay(20 + 30 * Math.random())
      const cost = 1 + Math.floor(Math.random() * dearest)
      spentMicroUsd += cost
      await end(cost)
    }
  }
  await Promise.all(Array.from({ length: orders.inFlight }, work))
  return { admitted: [], spentMicroUsd }
}
