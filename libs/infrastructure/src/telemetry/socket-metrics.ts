/** WebSockets that are open, what goes over them, and how they end. */
import { Counter, Gauge, type Registry } from 'prom-client'
import { OTHER } from './label-cache.ts'

/** What the protocol and the gateway close with: a client may close with any of thousands. */
const CODES = new Set([1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1011, 1013])

export class SocketMetrics {
  readonly #open: Gauge
  readonly #frames: Counter
  readonly #closes: Counter

  constructor(registers: Registry[]) {
    this.#open = new Gauge({ name: 'atp_websockets_open', help: 'WebSockets that are open', registers })
    this.#frames = new Counter({
      name: 'atp_websocket_frames_total',
      help: 'Frames over WebSockets, but for pings and the like',
      labelNames: ['direction'],
      registers,
    })
    this.#closes = new Counter({
      name: 'atp_websocket_closes_total',
      help: 'WebSockets that ended, by the code of RFC 6455; 1006: without one',
      labelNames: ['code'],
      registers,
    })
  }

  opened(): void {
    this.#open.inc()
  }

  frame(direction: string): void {
    this.#frames.labels(direction).inc()
  }

  closed(code: number): void {
    this.#open.dec()
    this.#closes.labels(CODES.has(code) ? String(code) : OTHER).inc()
  }
}
