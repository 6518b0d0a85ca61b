/** So many streams a second, whether or not earlier ones have ended: who waits for answers before asking again measures no outage. */
import { Pool } from 'undici'

const TICK_MS = 5
const DEADLINE_MS = 60_000
const REQUEST = JSON.stringify({
  model: 'auto',
  stream: true,
  messages: [{ role: 'user', content: 'Say hello in one short sentence.' }],
})

export interface Streams {
  readonly requests: number
  /** Those that did not come to a good end. */
  readonly errors: number
  /** Milliseconds from sending to the last byte, of all, ascending. */
  readonly latencies: readonly number[]
}

export class SteadyStreams {
  readonly #pool: Pool
  readonly #perSecond: number

  constructor(url: string, perSecond: number) {
    this.#pool = new Pool(url, { connections: 1_024, pipelining: 1, bodyTimeout: DEADLINE_MS })
    this.#perSecond = perSecond
  }

  /** Resolves when all that were begun have ended. */
  async run(seconds: number): Promise<Streams> {
    const count = Math.round(this.#perSecond * seconds)
    const startedAt = performance.now()
    const underWay: Promise<boolean>[] = []
    const latencies: number[] = []
    await new Promise<void>(resolve => {
      const timer = setInterval(() => {
        const due = Math.min(count, ((performance.now() - startedAt) / 1_000) * this.#perSecond)
        while (underWay.length < due) underWay.push(this.#stream(latencies))
        if (underWay.length < count) return
        clearInterval(timer)
        resolve()
      }, TICK_MS)
    })
    const ends = await Promise.all(underWay)
    return {
      requests: count,
      errors: ends.filter(good => !good).length,
      latencies: latencies.sort((a, b) => a - b),
    }
  }

  close(): Promise<void> {
    return this.#pool.close()
  }

  async #stream(latencies: number[]): Promise<boolean> {
    const sentAt = performance.now()
    try {
      const { statusCode, body } = await this.#pool.request({
        path: '/v1/chat/completions',
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: REQUEST,
      })
      const text = await body.text()
      return statusCode === 200 && text.endsWith('data: [DONE]\n\n')
    } catch {
      return false
    } finally {
      latencies.push(performance.now() - sentAt)
    }
  }
}
