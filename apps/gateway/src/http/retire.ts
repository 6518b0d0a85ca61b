/**
 * Leaving a port to the other processes that listen on it, without a request lost: nothing new is accepted, and each answer tells its client
 * to come back on another connection. A connection that is idle is not closed, for its client may be sending on it just now; it ends as its
 * client was promised, in `Keep-Alive: timeout`.
 */
import { Server } from 'node:net'
import type { App } from './app.ts'

/** Resolves when no connection is left, or none can be that its client may still use. */
export async function retire(app: App): Promise<void> {
  app.sendClientsAway()
  // Not the HTTP server's own close: that ends idle connections at once.
  const left = new Promise<void>(resolve => Server.prototype.close.call(app.server, () => resolve()))
  let timer: NodeJS.Timeout | undefined
  const expired = new Promise<void>(resolve => {
    timer = setTimeout(resolve, app.server.keepAliveTimeout + MARGIN_MS)
  })
  await Promise.race([left, expired])
  clearTimeout(timer)
}

/** By so much Node keeps a connection longer than it promises. */
const MARGIN_MS = 2_000
