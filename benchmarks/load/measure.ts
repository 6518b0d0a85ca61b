/** Interleaved rounds: in each, all sides of every scenario run back to back, the order turning. */
import { ClosedLoop, SCENARIOS, type Scenario } from './closed-loop.ts'
import { cpuTimeOf } from './cpu-time.ts'
import type { Server, SideName } from './servers.ts'

/** One figure a round. */
export interface Rounds {
  readonly requestsPerSecond: number[]
  /** Milliseconds. */
  readonly p50: number[]
  readonly p99: number[]
  /** Microseconds of the server's processor time for each request; empty where the system doesn't tell. */
  readonly cpu: number[]
}

export interface MeasuredScenario<Name extends string = SideName> {
  readonly scenario: Scenario
  /** In the order in which they were given. */
  readonly sides: ReadonlyMap<Name, Rounds>
}

export interface MeasureOptions<Name extends string = SideName> {
  readonly servers: readonly Server<Name>[]
  /** All of them, where it is left out. */
  readonly scenarios?: readonly Scenario[]
  readonly connections: number
  readonly rounds: number
  /** Of load on a side, in a round. */
  readonly seconds: number
  readonly progress: (step: string) => void
}

/** Until the compilers have settled. */
const WARM_UP_SECONDS = 5

export async function measure<Name extends string>(
  options: MeasureOptions<Name>,
): Promise<MeasuredScenario<Name>[]> {
  const { servers, scenarios = SCENARIOS, rounds, seconds, connections, progress } = options
  const sides = servers.map(server => new Side(server, connections))
  const measured = scenarios.map(scenario => ({
    scenario,
    sides: new Map(sides.map(({ name }) => [name, noRounds()])),
  }))
  progress('warming up')
  for (const scenario of scenarios) {
    for (const side of sides) await side.run(scenario, WARM_UP_SECONDS)
  }
  for (let round = 0; round < rounds; round += 1) {
    progress(`round ${round + 1} of ${rounds}`)
    for (const { scenario, sides: into } of measured) {
      for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
        addRound(into.get(side.name) as Rounds, await side.run(scenario, seconds))
      }
    }
  }
  await Promise.all(sides.map(side => side.close()))
  return measured
}

interface Round {
  readonly requestsPerSecond: number
  readonly latencies: Float64Array
  readonly cpu: number | null
}

class Side<Name extends string> {
  readonly name: Name
  readonly #server: Server<Name>
  readonly #loop: ClosedLoop

  constructor(server: Server<Name>, connections: number) {
    this.name = server.name
    this.#server = server
    this.#loop = new ClosedLoop(server.url, connections, server.key)
  }

  async run(scenario: Scenario, seconds: number): Promise<Round> {
    const before = cpuTimeOf(this.#server.pid)
    const { requestsPerSecond, requests, latencies } = await this.#loop.run(scenario, seconds)
    const after = cpuTimeOf(this.#server.pid)
    const cpu = before === null || after === null ? null : (after - before) / requests
    return { requestsPerSecond, latencies, cpu }
  }

  close(): Promise<void> {
    return this.#loop.close()
  }
}

function noRounds(): Rounds {
  return { requestsPerSecond: [], p50: [], p99: [], cpu: [] }
}

function addRound(rounds: Rounds, { requestsPerSecond, latencies, cpu }: Round): void {
  rounds.requestsPerSecond.push(requestsPerSecond)
  rounds.p50.push(percentile(latencies, 0.5))
  rounds.p99.push(percentile(latencies, 0.99))
  if (cpu !== null) rounds.cpu.push(cpu)
}

/** The nearest rank: a latency that was seen. */
function percentile(sorted: Float64Array, p: number): number {
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] as number
}
