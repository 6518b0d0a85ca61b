/** So many requests a second, whatever becomes of them; what was answered whole is remembered. */
import { Agent, request } from 'node:http'

const TICK_MS = 10
/** Beyond, the gateway is not keeping up, and no more are begun. */
const MOST_UNDER_WAY = 200
const BODY = JSON.stringify({ prompt: 'Hello?' })

export interface Answered {
  readonly status: number
  /** Of a whole answer. */
  readonly decision: string | null
}

export class SteadyLoad {
  /** Decisions whose answers came whole. */
  readonly heard: string[] = []
  /** By status; 0 where the connection broke. */
  readonly statuses = new Map<number, number>()
  readonly #agent = new Agent({ keepAlive: true, maxSockets: MOST_UNDER_WAY })
  readonly #url: URL
  readonly #timer: NodeJS.Timeout
  readonly #underWay = new Set<Promise<void>>()
  #due = 0

  constructor(gatewayUrl: string, perSecond: number) {
    this.#url = new URL('/v1/ask', gatewayUrl)
    this.#timer = setInterval(() => {
      this.#due = Math.min(this.#due + (perSecond * TICK_MS) / 1_000, MOST_UNDER_WAY)
      for (; this.#due >= 1 && this.#underWay.size < MOST_UNDER_WAY; this.#due -= 1) this.#begin()
    }, TICK_MS)
  }

  /** Begins no more, and waits for those under way. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all(this.#underWay)
    this.#agent.destroy()
  }

  #begin(): void {
    const ended = this.#ask().then(({ status, decision }) => {
      this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1)
      if (decision !== null) this.heard.push(decision)
      this.#underWay.delete(ended)
    })
    this.#underWay.add(ended)
  }

  #ask(): Promise<Answered> {
    return new Promise(resolve => {
      const broken = (): void => resolve({ status: 0, decision: null })
      const headers = { 'content-type': 'application/json', 'content-length': BODY.length }
      const asked = request(this.#url, { method: 'POST', agent: this.#agent, headers }, response => {
        let text = ''
        response.setEncoding('utf8').on('data', (piece: string) => {
          text += piece
        })
        response.once('error', broken)
        response.once('end', () => {
          if (!response.complete) return broken()
          const status = response.statusCode as number
          resolve({ status, decision: status === 200 ? JSON.parse(text).decision_id : null })
        })
      })
      asked.once('error', broken)
      asked.end(BODY)
    })
  }
}
