/** Decisions a second at three levels at once, in a closed loop: interleaved rounds, the order of sides turning. */
import { randomUUID } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import type { Redis } from 'ioredis'
import type { Side, Window } from './sides.ts'

/** None refuses: what is measured is the decision. */
const WINDOWS: readonly Window[] = [
  { amount: 1e9, seconds: 1 },
  { amount: 1e9, seconds: 60 },
  { amount: 1e9, seconds: 3_600 },
]
const IN_FLIGHT = 64
const TENANTS = 50
const WARM_UP_SHARE = 0.25

/** One figure a round. */
export interface Rounds {
  readonly perSecond: number[]
  /** Milliseconds. */
  readonly p50: number[]
  readonly p99: number[]
  /** Microseconds of Redis's CPU a decision; empty for what counts in this process. */
  readonly redisCpu: number[]
}

export async function throughput(options: {
  readonly sides: readonly Side[]
  readonly redis: Redis
  readonly rounds: number
  readonly timeMs: number
  readonly progress: (text: string) => void
}): Promise<ReadonlyMap<string, Rounds>> {
  const { sides, redis, rounds, timeMs } = options
  const prepared = sides.map(side => ({ side, deciders: tenants(side), rounds: noRounds() }))
  for (let round = 0; round < rounds; round += 1) {
    options.progress(`decisions, round ${round + 1} of ${rounds}`)
    for (const { side, deciders, rounds } of round % 2 === 0 ? prepared : prepared.toReversed()) {
      await loop(deciders, WARM_UP_SHARE * timeMs)
      const before = await cpuSeconds(redis)
      const { seconds, waits } = await loop(deciders, timeMs)
      const cpu = (await cpuSeconds(redis)) - before
      waits.sort((a, b) => a - b)
      rounds.perSecond.push(waits.length / seconds)
      rounds.p50.push(waits[Math.floor(0.5 * waits.length)] as number)
      rounds.p99.push(waits[Math.floor(0.99 * waits.length)] as number)
      if (!side.alone) rounds.redisCpu.push((1e6 * cpu) / waits.length)
    }
  }
  return new Map(prepared.map(({ side, rounds }) => [side.name, rounds]))
}

function tenants(side: Side): (() => Promise<boolean>)[] {
  return Array.from({ length: TENANTS }, () => side.decider(randomUUID(), WINDOWS))
}

function noRounds(): Rounds {
  return { perSecond: [], p50: [], p99: [], redisCpu: [] }
}

async function loop(deciders: readonly (() => Promise<boolean>)[], timeMs: number) {
  const waits: number[] = []
  const began = performance.now()
  const until = began + timeMs
  let next = 0
  const work = async () => {
    for (let now = performance.now(); now < until; ) {
      const decide = deciders[next++ % TENANTS] as () => Promise<boolean>
      if (!(await decide())) throw new Error('nothing should have been refused')
      const then = performance.now()
      waits.push(then - now)
      now = then
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, work))
  return { seconds: (performance.now() - began) / 1_000, waits: Float64Array.from(waits) }
}

async function cpuSeconds(redis: Redis): Promise<number> {
  const info = await redis.info('cpu')
  const figure = (name: string) => Number(new RegExp(`^${name}:(.+)$`, 'm').exec(info)?.[1])
  return figure('used_cpu_user') + figure('used_cpu_sys')
}
