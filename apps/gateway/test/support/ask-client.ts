/** A client of `/v1/ws` that keeps what it hears, by request. */
import { once } from 'node:events'
import { type ClientOptions, WebSocket } from 'ws'

export interface Frame {
  readonly type: string
  readonly id: string | null
  readonly problem?: { readonly code: string; readonly detail: string; readonly status: number }
  readonly headers?: Readonly<Record<string, string>>
  readonly [field: string]: unknown
}

export interface Closed {
  readonly code: number
  readonly reason: string
}

const LAST = new Set(['answer', 'done', 'error'])

export class AskClient implements AsyncDisposable {
  readonly socket: WebSocket
  readonly frames: Frame[] = []
  readonly closed: Promise<Closed>
  readonly #listeners = new Set<(frame: Frame) => void>()

  private constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', data => {
      const frame = JSON.parse(data.toString()) as Frame
      this.frames.push(frame)
      for (const listener of [...this.#listeners]) listener(frame)
    })
    this.closed = new Promise(resolve => {
      socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() }))
    })
    socket.on('error', () => undefined)
  }

  static async connect(gateway: { readonly url: string }, options: ClientOptions = {}): Promise<AskClient> {
    const client = new AskClient(new WebSocket(addressOf(gateway), options))
    await once(client.socket, 'open')
    return client
  }

  send(frame: unknown): void {
    this.socket.send(typeof frame === 'string' || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame))
  }

  /** Sends an `ask` and resolves with its last frame. */
  async ask(id: string, question: Readonly<Record<string, unknown>> = {}): Promise<Frame> {
    this.send({ type: 'ask', id, prompt: 'Hello?', ...question })
    return this.last(id)
  }

  /** The last frame of a request that was sent. */
  last(id: string): Promise<Frame> {
    return this.next(frame => frame.id === id && LAST.has(frame.type))
  }

  /** The first frame, come or to come, that is so. */
  next(isIt: (frame: Frame) => boolean): Promise<Frame> {
    return new Promise((resolve, reject) => {
      const look = (frame: Frame): void => {
        if (!isIt(frame)) return
        this.#listeners.delete(look)
        resolve(frame)
      }
      const known = this.frames.find(isIt)
      if (known === undefined) this.#listeners.add(look)
      else resolve(known)
      void this.closed.then(({ code, reason }) => reject(new Error(`closed with ${code}: ${reason}`)))
    })
  }

  /** The text of a streamed answer so far. */
  text(id: string): string {
    return this.frames
      .filter(frame => frame.id === id && frame.type === 'text')
      .map(({ text }) => text)
      .join('')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.terminate()
    await this.closed
  }
}

/** What a handshake that is refused is answered. */
export async function refusal(
  gateway: { readonly url: string },
  options: ClientOptions = {},
): Promise<{ readonly status: number; readonly code: string }> {
  const socket = new WebSocket(addressOf(gateway), options)
  socket.on('error', () => undefined)
  const [, response] = await once(socket, 'unexpected-response')
  let body = ''
  for await (const chunk of response) body += chunk
  return { status: response.statusCode, code: JSON.parse(body).code }
}

export function addressOf({ url }: { readonly url: string }): string {
  return `${url.replace(/^http/, 'ws')}/v1/ws`
}
