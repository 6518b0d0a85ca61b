/**
 * The head of a streamed answer. It waits until the answer has content: a failure until then has a status of its own, and whoever answers
 * in another's place is not seen. But it waits only so long: then it goes out, and pings keep the connection open while models are still tried.
 */
import type { Timers } from '@atp/core/timers'
import type { FastifyReply } from 'fastify'

export interface HoldOptions {
  readonly timers: Timers
  /** Milliseconds that the head waits at most. */
  readonly holdMs: number
  /** Milliseconds between two pings after that. */
  readonly pingMs: number
}

export interface EarlyHead {
  readonly contentType: string
  /** What is known before anybody has answered. */
  readonly headers: Readonly<Record<string, string>>
  readonly ping: string
}

export class HeldHead {
  readonly #reply: FastifyReply
  readonly #early: EarlyHead
  readonly #options: HoldOptions
  #isSent = false
  #forget: () => void

  /** Starts counting. */
  constructor(reply: FastifyReply, early: EarlyHead, options: HoldOptions) {
    this.#reply = reply
    this.#early = early
    this.#options = options
    this.#forget = options.timers.after(options.holdMs, () => this.#release())
  }

  /** The status is 200 then, whatever comes. */
  get isSent(): boolean {
    return this.#isSent
  }

  /** It is known who answers. Headers that come too late for a head are a comment in the stream. */
  send(contentType: string, headers: Readonly<Record<string, string>>): void {
    this.stop()
    if (this.#isSent) this.#reply.raw.write(comment(headers, this.#early.headers))
    else this.#write(contentType, headers)
  }

  /** There is nothing to wait for any more. */
  stop(): void {
    this.#forget()
  }

  #release(): void {
    this.#write(this.#early.contentType, this.#early.headers)
    this.#ping()
  }

  #write(contentType: string, headers: Readonly<Record<string, string>>): void {
    this.#reply.raw.writeHead(200, {
      ...headers,
      'content-type': contentType,
      'cache-control': 'no-cache',
      'x-accel-buffering': 'no',
    })
    this.#reply.hijack()
    this.#isSent = true
  }

  #ping(): void {
    const { timers, pingMs } = this.#options
    this.#reply.raw.write(this.#early.ping)
    this.#forget = timers.after(pingMs, () => this.#ping())
  }
}

function comment(headers: Readonly<Record<string, string>>, sent: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    name in sent ? [] : [`: ${name}: ${value}\n`],
  )
  return `${lines.join('')}\n`
}
