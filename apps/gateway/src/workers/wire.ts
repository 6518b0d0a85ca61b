/**
 * Calls between two processes, both ways, over a channel that keeps messages whole and in order. What is said in one turn of the event
 * loop travels together, as one message. A call that nobody answers fails in time; one that the other end refused fails with its words.
 */

import { AtpError, type ErrorCode } from '@atp/core/errors'

/** What one end may be asked: by the name of the call, what it takes and what it answers. */
export type Calls = Readonly<Record<string, (body: never) => unknown>>

/** A channel of `node:cluster`, or whatever behaves so. */
export interface Channel {
  /** May throw, or drop the message, where the other end is gone. */
  send(batch: Batch): void
  onBatch(listener: (batch: Batch) => void): void
  onClosed(listener: () => void): void
}

export interface Batch {
  readonly atp: readonly Message[]
}

type Message =
  | { readonly id: number; readonly call: string; readonly body: unknown }
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly refusal: Refusal }

interface Refusal {
  readonly message: string
  readonly code: ErrorCode | null
}

type Body<Call> = Call extends (body: infer B) => unknown ? B : never
type Answer<Call> = Call extends (body: never) => infer A ? Awaited<A> : never

interface Waiting {
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout | undefined
}

/** @typeParam Theirs what the other end may be asked */
export class Wire<Theirs extends Calls> {
  readonly #channel: Channel
  readonly #ours: Calls
  readonly #waiting = new Map<number, Waiting>()
  #outbox: Message[] = []
  #lastId = 0
  #closed = false

  constructor(channel: Channel, ours: Calls) {
    this.#channel = channel
    this.#ours = ours
    channel.onBatch(({ atp }) => {
      for (const message of atp) this.#take(message)
    })
    channel.onClosed(() => this.#close())
  }

  /**
   * @param patienceMs milliseconds after which it is given up; without, it waits as long as the channel is open
   * @throws {AtpError} of the code that the other end refused it with; {Error} where that had none, or there was no answer
   */
  ask<Name extends keyof Theirs & string>(
    name: Name,
    body: Body<Theirs[Name]>,
    patienceMs?: number,
  ): Promise<Answer<Theirs[Name]>> {
    if (this.#closed) return Promise.reject(gone(name))
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      const timer =
        patienceMs === undefined
          ? undefined
          : setTimeout(() => {
              this.#waiting.delete(id)
              reject(new Error(`${name} was not answered within ${patienceMs} ms`))
            }, patienceMs)
      this.#waiting.set(id, { resolve: resolve as (answer: unknown) => void, reject, timer })
      this.#say({ id, call: name, body })
    })
  }

  #take(message: Message): void {
    if ('call' in message) {
      void this.#serve(message)
      return
    }
    const waiting = this.#waiting.get(message.id)
    if (waiting === undefined) return
    this.#waiting.delete(message.id)
    clearTimeout(waiting.timer)
    if ('answer' in message) waiting.resolve(message.answer)
    else waiting.reject(errorOf(message.refusal))
  }

  async #serve({ id, call, body }: Extract<Message, { readonly call: string }>): Promise<void> {
    try {
      const serve = this.#ours[call] as ((body: unknown) => unknown) | undefined
      if (serve === undefined) throw new Error(`there is no call ${call}`)
      this.#say({ id, answer: await serve(body) })
    } catch (error) {
      const code = error instanceof AtpError ? error.code : null
      this.#say({ id, refusal: { message: (error as Error).message, code } })
    }
  }

  #say(message: Message): void {
    this.#outbox.push(message)
    if (this.#outbox.length === 1) setImmediate(() => this.#flush())
  }

  #flush(): void {
    const batch = this.#outbox
    this.#outbox = []
    if (!this.#closed) this.#channel.send({ atp: batch })
  }

  #close(): void {
    this.#closed = true
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer)
      reject(gone('a call'))
    }
    this.#waiting.clear()
  }
}

function errorOf({ message, code }: Refusal): Error {
  return code === null ? new Error(message) : new AtpError(code, { detail: message })
}

function gone(name: string): Error {
  return new Error(`${name} was not answered: the other process is gone`)
}
