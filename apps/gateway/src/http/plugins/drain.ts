/**
 * Stopping without cutting: each request is open work until its answer is sent, whole or as a stream. Once the stop has begun, an answer says
 * that its connection is not to be used again, so that keep-alive clients go elsewhere. Fastify waits for sockets that were busy when
 * its close began, and a keep-alive client would hold its one open for minutes: those that fell idle are closed.
 */
import type { ServerResponse } from 'node:http'
import { AtpError } from '@atp/core/errors'
import type { OpenWork } from '@atp/core/shutdown'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { App } from '../app.ts'
import { wantsSocket } from './sockets.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Has the answer under way end with this error; null where there is nothing to give up. */
    giveUp: ((reason: AtpError) => void) | null
  }
}

const SWEEP_MS = 50

export interface DrainOptions {
  readonly openWork: Pick<OpenWork, 'track'>
  readonly isStopping: () => boolean
}

async function drain(app: App, { openWork, isStopping }: DrainOptions): Promise<void> {
  app.decorateRequest('giveUp', null)
  app.addHook('onRequest', (request, reply, done) => {
    if (isStopping()) sayClose(reply.raw)
    // A socket is open work of its own.
    if (!wantsSocket(request.raw)) track(openWork, request, reply)
    done()
  })
  app.addHook('preClose', done => {
    const sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_MS)
    app.server.once('close', () => clearInterval(sweep))
    done()
  })
}

function track(openWork: DrainOptions['openWork'], request: FastifyRequest, { raw }: FastifyReply): void {
  const name = `${request.method} ${request.routeOptions.url ?? 'of no route'} ${request.id}`
  const done = openWork.track(name, {
    drain: () => sayClose(raw),
    end: reason => request.giveUp?.(new AtpError('shutting_down', { detail: reason })),
    cut: () => raw.destroy(),
  })
  raw.once('close', done)
}

function sayClose(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('connection', 'close')
}

export default fp(drain, { name: 'drain' })
