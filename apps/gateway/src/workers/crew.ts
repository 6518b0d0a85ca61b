/** All workers that live, wherever they are in their lives. Each has a number that no other has: it names its directory. */

import type { Unfinished } from '@atp/core/shutdown'
import { Member } from './member.ts'
import type { Begun, Job, Left, PrimaryCalls } from './messages.ts'
import type { MetricSum } from './metric-sum.ts'
import type { Launch } from './process.ts'

export interface CrewOptions {
  readonly launch: Launch
  readonly calls: PrimaryCalls
  readonly metrics: MetricSum
  /** Directory of all of them. */
  readonly dataDir: string
}

export class Crew {
  readonly #options: CrewOptions
  readonly #members = new Set<Member>()
  /** Numbers of those that have ended, the last one last. */
  readonly #left: number[] = []
  #beginning = 0
  #closed = false

  constructor(options: CrewOptions) {
    this.#options = options
  }

  /** Whether somebody is about to take a directory. */
  get isEnlisting(): boolean {
    return this.#beginning > 0
  }

  /** Launches one more and waits until it serves. @throws {Error} where it did not start, for a person; or where all are to stop */
  async enlist(job: Omit<Job, 'dataDir'>): Promise<{ readonly member: Member; readonly begun: Begun }> {
    if (this.#closed) throw new Error('the gateway is stopping')
    const { launch, calls, metrics, dataDir } = this.#options
    const member = new Member(this.#freeNumber(), launch(calls))
    this.#members.add(member)
    void member.ended.then(() => {
      this.#members.delete(member)
      this.#left.push(member.number)
      metrics.ended(member, member.lastFigures)
    })
    this.#beginning += 1
    try {
      const begun = await member.begin(dataDir, job)
      metrics.add(member)
      return { member, begun }
    } finally {
      this.#beginning -= 1
    }
  }

  /** Lets a member's clients go over to the others, then has it stop. */
  retire(member: Member, patienceMs: number): Promise<Left> {
    return member.retire(patienceMs)
  }

  /** Has all of them stop, at once, and launches none any more. @returns what did not come to its own end */
  async stop(patienceMs: number): Promise<readonly Unfinished[]> {
    this.#closed = true
    const left = await Promise.all([...this.#members].map(member => member.stop(patienceMs)))
    return left.flatMap(({ unfinished }) => unfinished)
  }

  kill(): void {
    for (const member of this.#members) member.kill()
  }

  /** Who follows one that died goes on with its journal. */
  #freeNumber(): number {
    const last = this.#left.pop()
    if (last !== undefined) return last
    return this.#members.size + 1
  }
}
