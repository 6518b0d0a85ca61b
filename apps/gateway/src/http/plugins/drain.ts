/**
 * Closing without cutting: Fastify waits for sockets that were busy when the close began, and a keep-alive client would hold
 * its one open for minutes. From that moment every answer says `connection: close`, and sockets that fell idle are closed.
 */
import fp from 'fastify-plugin'
import type { App } from '../app.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** From now on each answer closes its connection, and its client comes back on another. */
    sendClientsAway(): void
  }
}

const SWEEP_MS = 50

async function drain(app: App): Promise<void> {
  let draining = false
  app.decorate('sendClientsAway', () => {
    draining = true
  })
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (draining) reply.header('connection', 'close')
    done(null, payload)
  })
  app.addHook('preClose', done => {
    draining = true
    const sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_MS)
    app.server.once('close', () => clearInterval(sweep))
    done()
  })
}

export default fp(drain, { name: 'drain' })
