/**
 * Every route says whose it is: everybody's (`public`), the callers' of models (`data`), the administrators' (`admin`). Default deny: a
 * route that says nothing is refused at the start. Nothing of a request's body is read before its key is known to be good.
 */
import type { Clock } from '@atp/core/clock'
import { AtpError } from '@atp/core/errors'
import type { KeyId } from '@atp/core/ids'
import type { Metrics } from '@atp/infrastructure/telemetry'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Authenticator, Caller } from '../../corridor/authenticate.ts'
import type { App } from '../app.ts'
import { FailureBudget } from '../failure-budget.ts'

export type Plane = 'public' | 'data' | 'admin'

declare module 'fastify' {
  interface FastifyContextConfig {
    plane?: Plane
  }
  interface FastifyRequest {
    /** On the data plane. */
    caller: Caller | null
    /** On the admin plane. */
    administrator: KeyId | null
  }
}

export interface PlanesOptions {
  readonly authenticator: Authenticator
  readonly clock: Clock
  readonly metrics: Pick<Metrics, 'authenticationFailed'>
}

async function planes(app: App, { authenticator, clock, metrics }: PlanesOptions): Promise<void> {
  const budget = new FailureBudget(clock)
  app.decorateRequest('caller', null)
  app.decorateRequest('administrator', null)

  app.addHook('onRoute', ({ method, url, config, schema }) => {
    if (config?.plane === undefined) throw undeclared(`${method} ${url}`)
    if (config.plane !== 'public' && schema !== undefined) schema.security = [{ api_key: [] }]
  })

  app.addHook('onRequest', (request, _reply, done) => {
    try {
      admit(authenticator, request)
      done()
    } catch (error) {
      done(refusal(error, request))
    }
  })

  /** A good key is never refused for what its neighbours do: behind a proxy all have one address. */
  function refusal(error: unknown, request: FastifyRequest): Error {
    if (!(error instanceof AtpError) || error.code !== 'invalid_api_key') return error as Error
    const waitMs = budget.fail(request.ip)
    metrics.authenticationFailed(waitMs > 0)
    if (waitMs === 0) return error
    const detail = 'too many requests without a valid API key came from this address'
    return new AtpError('too_many_failures', { detail, retryAfterMs: waitMs })
  }
}

/** @throws {AtpError} where the request may not pass */
function admit(authenticator: Authenticator, request: FastifyRequest): void {
  if (request.is404) return
  const { plane } = request.routeOptions.config
  if (plane === 'data') request.caller = authenticator.caller(request.headers)
  else if (plane === 'admin') request.administrator = authenticator.administrator(request.headers)
  else if (plane !== 'public') throw undeclared(request.url)
}

/** @throws {AtpError} `internal` on a route of another plane */
export function callerOf({ caller, url }: FastifyRequest): Caller {
  if (caller === null) throw undeclared(url)
  return caller
}

/** @throws {AtpError} `internal` on a route of another plane */
export function administratorOf({ administrator, url }: FastifyRequest): KeyId {
  if (administrator === null) throw undeclared(url)
  return administrator
}

function undeclared(route: string): AtpError {
  return new AtpError('internal', { detail: `the route ${route} does not say who may use it` })
}

export default fp(planes, { name: 'planes' })
