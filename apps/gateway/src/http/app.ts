/** The HTTP application, apart from listening: plugins, then routes. Everything it needs is handed in. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '@atp/core/clock'
import type { Logger } from '@atp/core/logging'
import type { OpenWork } from '@atp/core/shutdown'
import type { AdapterRegistry, ChatBody } from '@atp/domain/adapter'
import type { FeedbackService } from '@atp/domain/observation'
import type { Prices } from '@atp/domain/pricing'
import type { Metrics } from '@atp/infrastructure/telemetry'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  LogController,
  type RawServerDefault,
} from 'fastify'
import type { Authenticator } from '../corridor/authenticate.ts'
import type { Corridor } from '../corridor/corridor.ts'
import type { EventLoopWatch } from '../health/event-loop-watch.ts'
import { clientError } from './client-error.ts'
import type { ExchangeFactory } from './exchange-of.ts'
import drain from './plugins/drain.ts'
import errors, { badRequest } from './plugins/errors.ts'
import nesting from './plugins/nesting.ts'
import openapi from './plugins/openapi.ts'
import planes from './plugins/planes.ts'
import requestMetrics from './plugins/request-metrics.ts'
import sockets, { wantsSocket } from './plugins/sockets.ts'
import type { Readiness } from './readiness.ts'
import { type AdminOptions, admin } from './routes/admin/index.ts'
import { ask } from './routes/ask.ts'
import { chatCompletions } from './routes/chat-completions.ts'
import { embeddings } from './routes/embeddings.ts'
import { messages } from './routes/messages.ts'
import { metrics } from './routes/metrics.ts'
import { models } from './routes/models.ts'
import { observe } from './routes/observe.ts'
import { plan } from './routes/plan.ts'
import { probes } from './routes/probes.ts'
import { responses } from './routes/responses.ts'
import { ws } from './routes/ws.ts'
import { schemaError } from './schema-error.ts'
import type { Scraped } from './scrape.ts'
import type { StreamPace } from './send-stream.ts'
import type { SocketLimits } from './ws/ask-socket.ts'

export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

export interface AppOptions {
  readonly log: Logger
  readonly logRequests: boolean
  readonly bodyLimit: number
  /** Milliseconds in which a request must arrive. */
  readonly requestTimeoutMs: number
  /** Milliseconds that a client may leave its stream unread. */
  readonly patienceMs: number
  readonly streams: StreamPace
  readonly sockets: SocketLimits
  readonly openWork: OpenWork
  /** Whether answers should say that their connection is not to be used again. */
  readonly isStopping: () => boolean
  readonly version: string
  readonly clock: Clock
  readonly authenticator: Authenticator
  readonly admin: Omit<AdminOptions, 'clock'>
  /** Whether whoever scrapes the metrics needs no key. */
  readonly publicMetrics: boolean
  readonly corridor: Corridor
  readonly exchanges: ExchangeFactory
  readonly countPromptTokens: (body: ChatBody) => number
  readonly feedback: FeedbackService
  readonly registry: AdapterRegistry
  readonly prices: Prices
  readonly readiness: Readiness
  readonly eventLoop: EventLoopWatch
  readonly metrics: Metrics
  readonly scrape: Scraped
}

export async function buildApp(options: AppOptions): Promise<App> {
  const app: App = Fastify({
    loggerInstance: options.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: options.bodyLimit,
    requestTimeout: options.requestTimeoutMs,
    // Who got in before the doors closed is answered.
    return503OnClosing: false,
    http: {
      // Node holds a request to this only where its headers have no more time.
      headersTimeout: Math.min(options.requestTimeoutMs, 60_000),
      requestTimeout: options.requestTimeoutMs,
      connectionsCheckingInterval: Math.min(options.requestTimeoutMs, 10_000),
      shouldUpgradeCallback: wantsSocket,
    },
    clientErrorHandler: clientError,
    frameworkErrors: badRequest,
    // A body is taken as it came: nothing is coerced, dropped or defaulted behind the caller's back.
    ajv: {
      customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, verbose: true },
    },
    schemaErrorFormatter: schemaError,
    routerOptions: { maxParamLength: 500 },
  }).withTypeProvider<TypeBoxTypeProvider>()

  app.removeContentTypeParser('text/plain')
  await app.register(errors, options)
  await app.register(nesting)
  await app.register(drain, options)
  await app.register(requestMetrics, options)
  await app.register(planes, options)
  await app.register(sockets, options)
  await app.register(openapi, options)
  await app.register(chatCompletions, options)
  await app.register(embeddings, options)
  await app.register(responses, options)
  await app.register(messages, options)
  await app.register(models, options)
  await app.register(ask, options)
  await app.register(ws, options)
  await app.register(plan, options)
  await app.register(observe, options)
  await app.register(probes, options)
  await app.register(metrics, options)
  await app.register(admin, { ...options.admin, clock: options.clock })
  return app
}
