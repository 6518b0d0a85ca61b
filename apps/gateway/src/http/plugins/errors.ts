/** Every error leaves through here, in the shape of the wire that the route speaks; ours are logged, the caller's are not. */
import { AtpError } from '@atp/core/errors'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { asAtpError, errorResponse, type Wire } from '../error-response.ts'
import type { ExchangeFactory } from '../exchange-of.ts'

export interface ErrorsOptions {
  readonly exchanges: Pick<ExchangeFactory, 'newId'>
}

declare module 'fastify' {
  interface FastifyInstance {
    newRequestId: () => string
  }
  interface FastifyContextConfig {
    /** Whose wire format this route speaks; ours where nothing is said. */
    wire?: Wire
  }
}

async function errors(app: FastifyInstance, { exchanges }: ErrorsOptions): Promise<void> {
  app.decorate('newRequestId', () => exchanges.newId())
  app.setErrorHandler((thrown, request, reply) => {
    const error = asAtpError(thrown)
    if (error.status >= 500) request.log.error({ err: error, code: error.code }, error.message)
    if (error.code === 'payload_too_large') letFinish(request, reply)
    return sendError(reply, error, wireOf(request))
  })
  app.setNotFoundHandler((request, reply) => {
    const path = pathOf(request)
    const allowed = METHODS.filter(method => app.hasRoute({ method, url: path }))
    if (allowed.length > 0) reply.header('allow', allowed.join(', '))
    const error = new AtpError(allowed.length > 0 ? 'method_not_allowed' : 'not_found', {
      detail: `there is no ${request.method} ${path}${allowed.length > 0 ? `, only ${allowed.join(', ')}` : ''}`,
    })
    return sendError(reply, error, wireAt(path))
  })
}

/** An address that no route can be looked up for. */
export function badRequest(thrown: Error, request: FastifyRequest, reply: FastifyReply): void {
  const error = new AtpError('invalid_request', { detail: 'the address cannot be read', cause: thrown })
  sendError(reply, error, wireAt(pathOf(request)))
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] as string
}

/** Where no route says it: all under /v1 is OpenAI's but for Anthropic's and our own endpoints. */
function wireAt(path: string): Wire {
  if (/^\/v1\/messages(?:\/|$)/.test(path)) return 'anthropic'
  return path.startsWith('/v1/') && !/^\/v1\/(?:ask|plan|observe|ws)(?:\/|$)/.test(path) ? 'openai' : 'atp'
}

/**
 * The client is still sending. Closing on it, as Fastify would, resets the connection before the client has read why;
 * so the rest is read and thrown away.
 */
function letFinish(request: FastifyRequest, reply: FastifyReply): void {
  reply.removeHeader('connection')
  request.raw.resume()
}

function wireOf(request: FastifyRequest): Wire {
  return request.routeOptions.config.wire ?? 'atp'
}

function sendError(reply: FastifyReply, error: AtpError, wire: Wire): FastifyReply {
  const requestId = wire === 'anthropic' ? requestIdOf(reply) : ''
  const { status, contentType, headers, body } = errorResponse(error, wire, requestId)
  return reply.code(status).headers(headers).type(contentType).serializer(identity).send(body)
}

/** As the route has said it, or of its own, for whoever came no further. */
function requestIdOf({ raw, server }: FastifyReply): string {
  if (!raw.hasHeader('request-id')) raw.setHeader('request-id', server.newRequestId())
  return String(raw.getHeader('request-id'))
}

const identity = (payload: unknown): string => payload as string

export default fp(errors, { name: 'errors' })
