/**
 * Leaving a port to the other processes that listen on it, without a request lost: nothing new is accepted, and a connection that is idle is
 * not closed, for its client may be sending on it just now. It ends as its client was promised, in `Keep-Alive: timeout`; whoever sends on
 * it before should be told to come back on another.
 */
import type { Server as HttpServer } from 'node:http'
import { Server } from 'node:net'
import { systemTimers, type Timers, within } from '@atp/core/timers'

/** By so much Node keeps a connection longer than it promises. */
const MARGIN_MS = 2_000

/** Resolves when no connection is left, or none can be that its client may still use. */
export async function leavePort(server: HttpServer, timers: Timers = systemTimers): Promise<void> {
  // Not the HTTP server's own close: that ends idle connections at once.
  const left = new Promise<void>(resolve => Server.prototype.close.call(server, () => resolve()))
  await within(timers, server.keepAliveTimeout + MARGIN_MS, left)
}
