/** WebSockets beside the routes of HTTP. Who upgrades has passed the same hooks as any other request: no key, no socket. */
import type { IncomingMessage } from 'node:http'
import type { OpenWork } from '@atp/core/shutdown'
import websocket from '@fastify/websocket'
import fp from 'fastify-plugin'
import type { App } from '../app.ts'
import type { SocketLimits } from '../ws/ask-socket.ts'

/** A client that does not answer a close is cut off after so long, in milliseconds. */
const CLOSE_TIMEOUT_MS = 5_000

export interface SocketsOptions {
  readonly sockets: SocketLimits
  readonly openWork: Pick<OpenWork, 'drain'>
}

async function sockets(app: App, { sockets: { maxFrameBytes }, openWork }: SocketsOptions): Promise<void> {
  // The types do not know of `closeTimeout` yet.
  const options = { maxPayload: maxFrameBytes, closeTimeout: CLOSE_TIMEOUT_MS }
  await app.register(websocket, {
    options,
    // It is closed already, with the code that says why.
    errorHandler: (error, _socket, request) => request.log.debug({ err: error }, 'a websocket broke'),
    preClose(done) {
      // From now on an upgrade is refused; who is there comes to an end first.
      app.websocketServer.close()
      openWork.drain()
      done()
    },
  })
}

/** Anything else that a client offers to upgrade to, as Java's does with h2c, is declined: the request is answered as it is. */
export function wantsSocket({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket'
}

export default fp(sockets, { name: 'sockets' })
