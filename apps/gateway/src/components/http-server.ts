/** The server: its doors open last and close first; its connections go when what was asked over them is done. */
import { parseDuration } from '@atp/core/config'
import type { AppContainer } from '@atp/core/container'
import type { Component } from '@atp/core/lifecycle'
import { type App, buildApp } from '../http/app.ts'
import { leavePort } from '../http/leave-port.ts'
import * as T from '../tokens.ts'
import { VERSION } from '../version.ts'

export class HttpServer implements Component {
  readonly name = 'http'
  readonly needs = ['readiness']
  readonly #container: AppContainer
  readonly #isStopping: () => boolean
  #app: App | undefined
  #closed: Promise<void> | undefined
  #url = ''

  /** @param isStopping whether answers should say that their connection is not to be used again */
  constructor(container: AppContainer, isStopping: () => boolean) {
    this.#container = container
    this.#isStopping = isStopping
  }

  /** Where it listens; empty before. */
  get url(): string {
    return this.#url
  }

  async start(): Promise<void> {
    const { resolve } = this.#container
    const config = resolve(T.CONFIG)
    const patienceMs = parseDuration(config.server.write_timeout)
    this.#app = await buildApp({
      log: resolve(T.LOG),
      logRequests: config.log.requests,
      bodyLimit: config.server.body_limit_bytes,
      requestTimeoutMs: parseDuration(config.server.request_timeout),
      patienceMs,
      streams: {
        patienceMs,
        holdMs: parseDuration(config.streams.hold_max),
        pingMs: parseDuration(config.streams.ping_interval),
        timers: resolve(T.TIMERS),
      },
      sockets: {
        idleTimeoutMs: parseDuration(config.websocket.idle_timeout),
        maxFrameBytes: config.websocket.max_frame_bytes,
        maxInFlight: config.websocket.max_in_flight,
        bufferBytes: config.websocket.buffer_bytes,
      },
      openWork: resolve(T.OPEN_WORK),
      isStopping: this.#isStopping,
      version: VERSION,
      clock: resolve(T.CLOCK),
      authenticator: resolve(T.AUTHENTICATOR),
      admin: {
        tenants: resolve(T.TENANTS),
        keys: resolve(T.KEYS),
        prices: resolve(T.PRICE_ADMINISTRATION),
        store: resolve(T.DATABASE).tenants,
      },
      publicMetrics: config.auth.public_metrics,
      corridor: resolve(T.CORRIDOR),
      exchanges: resolve(T.EXCHANGES),
      countPromptTokens: resolve(T.COUNT_PROMPT_TOKENS),
      feedback: resolve(T.FEEDBACK),
      registry: resolve(T.REGISTRY),
      prices: resolve(T.PRICES),
      readiness: resolve(T.READINESS),
      eventLoop: resolve(T.EVENT_LOOP),
      metrics: resolve(T.METRICS),
      scrape: resolve(T.SCRAPE),
    })
    this.#url = await this.#app.listen({ host: config.server.host, port: config.server.port })
  }

  /** Lets its clients go over to other processes that listen on the same port: what they ask for is answered, and tells them to. */
  async retire(): Promise<void> {
    this.#container.resolve(T.OPEN_WORK).drain()
    if (this.#app !== undefined) await leavePort(this.#app.server)
  }

  /** Lets nobody new in; what is under way goes on. */
  closeDoors(): void {
    this.#closed ??= this.#app?.close()
    // Who awaits the stop is told.
    this.#closed?.catch(() => {})
  }

  /** Whoever is still connected asks for nothing, or was given up already. */
  async stop(): Promise<void> {
    this.closeDoors()
    this.#app?.server.closeAllConnections()
    await this.#closed
  }
}
