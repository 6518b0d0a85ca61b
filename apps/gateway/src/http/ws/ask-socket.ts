/**
 * One socket and the requests under way on it. Invariants: each request ends with exactly one last frame, unless the client is gone; a
 * client that is gone leaves no call upstream and no reservation; the socket counts as open work until all of that is settled.
 */
import type { Clock } from '@atp/core/clock'
import { AtpError } from '@atp/core/errors'
import type { WorkControls } from '@atp/core/shutdown'
import type { Metrics } from '@atp/infrastructure/telemetry'
import type { FastifyBaseLogger } from 'fastify'
import type { RawData, WebSocket } from 'ws'
import { asAtpError, errorResponse, problem } from '../error-response.ts'
import { binaryFrame, type FrameReader } from './frame-reader.ts'
import type { AskFrame, ServerFrame } from './frames.ts'
import { Outbox } from './outbox.ts'

export interface SocketLimits {
  /** Milliseconds of silence after which a client is pinged, and then cut off. */
  readonly idleTimeoutMs: number
  readonly maxFrameBytes: number
  /** Requests under way. */
  readonly maxInFlight: number
  /** Bytes that may wait for the client to read them. */
  readonly bufferBytes: number
}

export interface AskSocketOptions {
  readonly limits: SocketLimits
  /** Milliseconds that a client may leave what was sent unread. */
  readonly patienceMs: number
  readonly reader: FrameReader
  /** @throws {AtpError} where the client is not let in any more, or its request has no answer */
  readonly ask: (frame: AskFrame, signal: AbortSignal) => AsyncIterable<ServerFrame>
  readonly metrics: Pick<Metrics, 'request' | 'socketOpened' | 'socketFrame' | 'socketClosed'>
  readonly clock: Clock
  readonly log: FastifyBaseLogger
}

/** As the protocol names them (RFC 6455, section 7.4). */
const GOING_AWAY = 1001
const POLICY_VIOLATION = 1008
const TRY_AGAIN_LATER = 1013

export class AskSocket implements WorkControls {
  readonly #socket: WebSocket
  readonly #options: AskSocketOptions
  readonly #outbox: Outbox
  readonly #inFlight = new Map<string, AbortController>()
  readonly #idle: NodeJS.Timeout
  #heard = true
  /** What it is to be closed with, and what is said to whoever asks until then. */
  #retired: { readonly code: number; readonly error: AtpError } | null = null
  #isGone = false
  #onSettled: () => void = () => undefined

  constructor(socket: WebSocket, options: AskSocketOptions) {
    const { limits, patienceMs, metrics } = options
    this.#socket = socket
    this.#options = options
    this.#outbox = new Outbox(socket, {
      limit: limits.bufferBytes,
      patienceMs,
      onStuck: () => this.#tooSlow(),
    })
    // After what has arrived meanwhile was read: a loop that was blocked makes nobody silent.
    this.#idle = setInterval(() => setImmediate(() => this.#listen()), limits.idleTimeoutMs)
    metrics.socketOpened()
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary))
    socket.on('ping', () => this.#hear())
    socket.on('pong', () => this.#hear())
    socket.on('close', code => this.#gone(code))
  }

  /** Calls `listener` when the client is gone and all that it asked for is settled. */
  onSettled(listener: () => void): void {
    this.#onSettled = listener
  }

  /** Takes nothing new, and closes when nothing is under way. */
  drain(): void {
    this.#retire(GOING_AWAY, shuttingDown('the gateway is shutting down'))
  }

  end(reason: string): void {
    const error = shuttingDown(reason)
    for (const [id, request] of this.#inFlight) {
      this.#send(errorFrame(id, error))
      // With a reason of ours: it was not the client that left.
      request.abort(error)
    }
    this.#close(GOING_AWAY, error)
  }

  cut(): void {
    this.#socket.terminate()
  }

  #receive(data: RawData, isBinary: boolean): void {
    this.#hear()
    this.#options.metrics.socketFrame('received')
    const frame = isBinary ? binaryFrame() : this.#options.reader.read(data.toString())
    if ('error' in frame) this.#refuse(frame.id, frame.error)
    else if (frame.type === 'cancel') this.#inFlight.get(frame.id)?.abort(new Error('unwanted'))
    else this.#take(frame)
  }

  #take(frame: AskFrame): void {
    const { maxInFlight } = this.#options.limits
    const { id } = frame
    if (this.#retired !== null) this.#refuse(id, this.#retired.error)
    // Under its own id the refusal would be taken for the end of the request that has it.
    else if (this.#inFlight.has(id)) this.#refuse(null, idInUse(id))
    else if (this.#inFlight.size >= maxInFlight) this.#refuse(id, tooMany(maxInFlight))
    else void this.#answer(frame)
  }

  async #answer(frame: AskFrame): Promise<void> {
    const { ask, metrics, clock } = this.#options
    const controller = new AbortController()
    const arrived = clock.monotonic()
    let status = 200
    this.#inFlight.set(frame.id, controller)
    try {
      for await (const each of ask(frame, controller.signal)) {
        await this.#outbox.room()
        if (!this.#send(each)) break
      }
    } catch (thrown) {
      const error = asAtpError(thrown)
      status = error.status
      this.#report(error)
      await this.#outbox.room()
      this.#send(errorFrame(frame.id, error))
      if (error.code === 'invalid_api_key') this.#retire(POLICY_VIOLATION, error)
    }
    this.#inFlight.delete(frame.id)
    metrics.request(ENDPOINT, status, clock.monotonic() - arrived)
    this.#settle()
  }

  /** Nobody waits to say so: a client that reads none of its refusals is too slow as well. */
  #refuse(id: string | null, error: AtpError): void {
    if (this.#outbox.isFull) this.#tooSlow()
    else this.#send(errorFrame(id, error))
  }

  #send(frame: ServerFrame): boolean {
    const isSent = this.#outbox.send(frame)
    if (isSent) this.#options.metrics.socketFrame('sent')
    return isSent
  }

  #tooSlow(): void {
    this.#close(TRY_AGAIN_LATER, new AtpError('overloaded', { detail: 'too much was left unread' }))
  }

  #hear(): void {
    this.#heard = true
  }

  /** Who has said nothing since it was pinged is gone, whatever the network says. One that is slow to read is slow to answer, too. */
  #listen(): void {
    if (this.#isGone) return
    if (!this.#heard && !this.#outbox.isFull) this.#socket.terminate()
    this.#heard = false
    this.#socket.ping()
  }

  #retire(code: number, error: AtpError): void {
    this.#retired ??= { code, error }
    this.#settle()
  }

  #close(code: number, error: AtpError): void {
    this.#retired = { code, error }
    this.#socket.close(code, reasonOf(error))
    this.#abandon()
  }

  #gone(code: number): void {
    this.#isGone = true
    clearInterval(this.#idle)
    this.#options.metrics.socketClosed(code)
    this.#abandon()
    this.#settle()
  }

  /** Nobody is left to read an answer. */
  #abandon(): void {
    for (const controller of this.#inFlight.values()) controller.abort()
    this.#outbox.release()
  }

  #settle(): void {
    if (this.#inFlight.size > 0) return
    if (this.#isGone) this.#onSettled()
    else if (this.#retired !== null) this.#socket.close(this.#retired.code, reasonOf(this.#retired.error))
  }

  #report(error: AtpError): void {
    const { log } = this.#options
    if (error.status >= 500 && error.code !== 'shutting_down')
      log.error({ err: error, code: error.code }, error.message)
  }
}

const ENDPOINT = '/v1/ws'
/** A close takes no longer reason. */
const REASON_BYTES = 120

function reasonOf({ message }: AtpError): string {
  return Buffer.from(message).subarray(0, REASON_BYTES).toString()
}

function shuttingDown(detail: string): AtpError {
  return new AtpError('shutting_down', { detail })
}

function tooMany(most: number): AtpError {
  const detail = `${most} requests are under way on this socket, as many as may be`
  return new AtpError('rate_limit_exceeded', { detail })
}

function errorFrame(id: string | null, error: AtpError): ServerFrame {
  const { headers } = errorResponse(error, 'atp')
  return {
    type: 'error',
    id,
    problem: problem(error),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
  }
}

function idInUse(id: string): AtpError {
  return new AtpError('invalid_request', {
    detail: 'the frame is not valid',
    problems: [{ field: 'id', found: JSON.stringify(id), allowed: 'an id of no request that is under way' }],
  })
}
