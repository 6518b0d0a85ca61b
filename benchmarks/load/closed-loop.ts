/**
 * A closed loop: so many connections, each sends its next request when its answer is complete. Every answer is checked; one that
 * is not exactly what the upstream sent ends the run, because a fast wrong answer is no result.
 */
import { type Dispatcher, Pool } from 'undici'
import { STREAMED_ANSWER, WHOLE_ANSWER } from './answers.ts'

export interface Scenario {
  /** Appended to the names of the sides. */
  readonly suffix: string
  readonly title: string
  readonly request: string
  readonly answer: Buffer
  /** Of an answer in other bytes: whether it says the same. Without it none is right. */
  readonly saysTheSame?: (answer: Buffer) => boolean
}

export interface Load {
  readonly requestsPerSecond: number
  readonly requests: number
  /** Milliseconds from sending to the last byte, ascending. */
  readonly latencies: Float64Array
}

const QUESTION = {
  model: 'auto',
  messages: [
    { role: 'system', content: 'You report the state of a ground station in one short paragraph.' },
    { role: 'user', content: 'Which subsystems need attention before the next pass, and why?' },
  ],
}

export const SCENARIOS: readonly Scenario[] = [
  { suffix: '', title: 'whole answers', request: JSON.stringify(QUESTION), answer: WHOLE_ANSWER },
  {
    suffix: '-stream',
    title: 'streams of 20 events',
    request: JSON.stringify({ ...QUESTION, stream: true, stream_options: { include_usage: true } }),
    answer: STREAMED_ANSWER,
  },
]

export class ClosedLoop {
  readonly #pool: Pool
  readonly #connections: number
  readonly #headers: readonly string[]

  /** @param key sent where it is asked for and where it is not */
  constructor(url: string, connections: number, key = 'none') {
    this.#connections = connections
    this.#headers = ['content-type', 'application/json', 'authorization', `Bearer ${key}`]
    this.#pool = new Pool(url, { connections, pipelining: 1 })
  }

  /** @throws {Error} at the first answer that is not complete and right */
  async run(scenario: Scenario, seconds: number): Promise<Load> {
    const latencies: number[] = []
    const startedAt = performance.now()
    const until = startedAt + seconds * 1000
    const loop = async (): Promise<void> => {
      while (performance.now() < until) {
        const sentAt = performance.now()
        await this.#ask(scenario)
        latencies.push(performance.now() - sentAt)
      }
    }
    await Promise.all(Array.from({ length: this.#connections }, loop))
    const elapsed = (performance.now() - startedAt) / 1000
    return {
      requestsPerSecond: latencies.length / elapsed,
      requests: latencies.length,
      latencies: Float64Array.from(latencies).sort(),
    }
  }

  close(): Promise<void> {
    return this.#pool.close()
  }

  /** Also where its server is gone. */
  destroy(): Promise<void> {
    return this.#pool.destroy()
  }

  #ask({ request: body, answer, saysTheSame }: Scenario): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pool.dispatch(
        { path: '/v1/chat/completions', method: 'POST', headers: [...this.#headers], body },
        new CheckedAnswer(answer, saysTheSame ?? null, resolve, reject),
      )
    })
  }
}

/** Compares as the bytes come, so that nothing is collected but what differs and may be right all the same. */
class CheckedAnswer implements Dispatcher.DispatchHandler {
  readonly #expected: Buffer
  readonly #saysTheSame: Scenario['saysTheSame'] | null
  readonly #resolve: () => void
  readonly #reject: (error: Error) => void
  #status = 0
  #received = 0
  #same = true
  /** From the beginning; null as long as there is no difference. */
  #other: Buffer[] | null = null

  constructor(
    expected: Buffer,
    saysTheSame: Scenario['saysTheSame'] | null,
    resolve: () => void,
    reject: (error: Error) => void,
  ) {
    this.#expected = expected
    this.#saysTheSame = saysTheSame
    this.#resolve = resolve
    this.#reject = reject
  }

  onRequestStart(): void {
    // Undici insists on it.
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    this.#status = status
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const end = this.#received + chunk.length
    this.#same &&= end <= this.#expected.length && chunk.compare(this.#expected, this.#received, end) === 0
    if (!this.#same && this.#saysTheSame !== null) {
      this.#other ??= [this.#expected.subarray(0, this.#received)]
      this.#other.push(chunk)
    }
    this.#received = end
  }

  onResponseEnd(): void {
    if (this.#status === 200 && this.#isRight) this.#resolve()
    else this.#reject(new Error(`an answer was wrong: status ${this.#status}, ${this.#received} bytes`))
  }

  get #isRight(): boolean {
    if (this.#same) return this.#received === this.#expected.length
    return this.#other !== null && this.#saysTheSame?.(Buffer.concat(this.#other)) === true
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#reject(error)
  }
}
