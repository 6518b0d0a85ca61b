/**
 * One call to an upstream, as the handler that undici drives: its connection, its time limits, the client's cancellation, and
 * answers that are errors. It ends exactly once: by the answer's end, or by `failed` with an `UpstreamError`.
 * On undici's `dispatch`, because a Node stream for each body would cost as much as the rest of the gateway.
 */
import { UpstreamError } from '@atp/domain/adapter'
import type { Dispatcher } from 'undici'
import { BoundedBody } from './bounded-body.ts'
import { type DeadlineListener, Deadlines, type TimeoutPhase } from './deadlines.ts'
import { retryAfterOf } from './retry-after.ts'
import type { Upstream } from './upstream.ts'
import { failureOfStatus, isSuccess } from './upstream-status.ts'

type Controller = Dispatcher.DispatchController
export type ResponseHeaders = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2]

const MAX_ERROR_BYTES = 64 * 1024

export abstract class UpstreamCall implements Dispatcher.DispatchHandler, DeadlineListener {
  protected readonly upstream: Upstream
  protected readonly deadlines: Deadlines
  readonly #signal: AbortSignal
  #controller: Controller | null = null
  #error: ErrorAnswer | null = null
  /** Why the call ended early. */
  #failure: UpstreamError | null = null
  #open = true

  /** @param limits those of the upstream, or fewer */
  constructor(upstream: Upstream, signal: AbortSignal, limits = upstream.limits) {
    this.upstream = upstream
    this.#signal = signal
    this.deadlines = new Deadlines(limits, upstream.clock, this)
  }

  protected abstract answerStarted(headers: ResponseHeaders): void
  protected abstract answerData(chunk: Buffer): void
  /** The upstream ended its answer in good order. */
  protected abstract answerEnded(): void
  protected abstract failed(error: UpstreamError): void

  send(headers: string[], body: string, path = this.upstream.path): void {
    if (this.#signal.aborted) {
      this.handleEvent()
      return
    }
    this.#signal.addEventListener('abort', this)
    this.upstream.pool.dispatch({ path, method: 'POST', headers, body }, this)
  }

  /** The upstream is heard no more: its connection closes, unless its answer is complete. */
  protected fail(error: UpstreamError): void {
    if (!this.#open) return
    this.#failure = error
    this.#close()
    this.#controller?.abort(error)
    this.failed(error)
  }

  protected malformed(what: string): void {
    this.fail(new UpstreamError('malformed', `${this.upstream.name} answered with ${what}`))
  }

  /** Some upstreams know no better once they have begun to answer. */
  protected errorUnderSuccess(error: Buffer): void {
    const message = `${this.upstream.name} answered with an error under a status of success`
    this.fail(new UpstreamError('failed', message, { body: this.upstream.redact(error) }))
  }

  protected pauseReading(): void {
    this.deadlines.suspend()
    this.#controller?.pause()
  }

  protected resumeReading(): void {
    // The connection may carry another call by now.
    if (!this.#open) return
    this.deadlines.resume()
    this.#controller?.resume()
  }

  // The client's cancellation: the call itself is the listener, which spares a closure.
  handleEvent(): void {
    const cause: unknown = this.#signal.reason
    this.fail(new UpstreamError('cancelled', `the call of ${this.upstream.name} was cancelled`, { cause }))
  }

  expired(phase: TimeoutPhase): void {
    this.#failUnlessError(
      new UpstreamError('timeout', `${this.upstream.name} did not answer in time (${TIMEOUT_TEXT[phase]})`, {
        phase,
      }),
    )
  }

  onRequestStart(controller: Controller): void {
    // Cancelled while it waited for a connection: to throw leaves the connection to the next call, to abort would close it.
    if (this.#failure !== null) throw this.#failure
    this.#controller = controller
  }

  onResponseStart(_controller: Controller, status: number, headers: ResponseHeaders): void {
    if (!this.#open || status < 200) return
    if (isSuccess(status)) this.answerStarted(headers)
    else this.#error = new ErrorAnswer(status, headers)
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
    if (!this.#open) return
    this.deadlines.progress()
    if (this.#error === null) this.answerData(chunk)
    else if (!this.#error.body.add(chunk)) this.fail(this.#errorOf(this.#error))
  }

  onResponseEnd(): void {
    if (!this.#open) return
    if (this.#error !== null) {
      this.fail(this.#errorOf(this.#error))
      return
    }
    this.answerEnded()
    this.#close()
  }

  onResponseError(_controller: Controller, cause: Error & { readonly code?: string }): void {
    const { name } = this.upstream
    this.#failUnlessError(
      cause.code === 'UND_ERR_CONNECT_TIMEOUT'
        ? new UpstreamError('timeout', `${name} did not accept a connection in time`, {
            phase: 'first_token',
            cause,
          })
        : new UpstreamError('failed', `the connection to ${name} broke (${cause.code ?? cause.name})`, {
            cause,
          }),
    )
  }

  #close(): void {
    if (!this.#open) return
    this.#open = false
    this.deadlines.stop()
    this.#signal.removeEventListener('abort', this)
  }

  /** An error status says more than what then befell its body. */
  #failUnlessError(error: UpstreamError): void {
    this.fail(this.#error === null ? error : this.#errorOf(this.#error))
  }

  #errorOf({ status, headers, body }: ErrorAnswer): UpstreamError {
    const retryAfter = retryAfterOf(headers, this.upstream.clock)
    return new UpstreamError(
      failureOfStatus(status),
      `${this.upstream.name} answered with status ${status}`,
      {
        status,
        body: this.upstream.redact(body.bytes()),
        ...(retryAfter === undefined ? {} : { retryAfter }),
      },
    )
  }
}

class ErrorAnswer {
  readonly status: number
  readonly headers: ResponseHeaders
  readonly body = new BoundedBody(MAX_ERROR_BYTES)

  constructor(status: number, headers: ResponseHeaders) {
    this.status = status
    this.headers = headers
  }
}

const TIMEOUT_TEXT: Readonly<Record<TimeoutPhase, string>> = {
  total: 'the answer took too long',
  first_token: 'no first token',
  idle: 'it fell silent',
}
