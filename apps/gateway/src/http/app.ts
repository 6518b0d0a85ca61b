/** The HTTP application, apart from listening: plugins, then routes. Everything it needs is handed in. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '@atp/core/clock'
import type { Logger } from '@atp/core/logging'
import type { AdapterRegistry } from '@atp/domain/adapter'
import type { FeedbackService } from '@atp/domain/observation'
import type { Metrics } from '@atp/infrastructure/telemetry'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  LogController,
  type RawServerDefault,
} from 'fastify'
import type { Corridor } from '../corridor/corridor.ts'
import type { ExchangeFactory } from './exchange-of.ts'
import drain from './plugins/drain.ts'
import errors from './plugins/errors.ts'
import openapi from './plugins/openapi.ts'
import requestMetrics from './plugins/request-metrics.ts'
import type { Readiness } from './readiness.ts'
import { ask } from './routes/ask.ts'
import { chatCompletions } from './routes/chat-completions.ts'
import { metrics } from './routes/metrics.ts'
import { models } from './routes/models.ts'
import { observe } from './routes/observe.ts'
import { plan } from './routes/plan.ts'
import { probes } from './routes/probes.ts'
import { schemaError } from './schema-error.ts'
import type { Scrape } from './scrape.ts'

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
  readonly version: string
  readonly clock: Clock
  readonly corridor: Corridor
  readonly exchanges: ExchangeFactory
  readonly feedback: FeedbackService
  readonly registry: AdapterRegistry
  readonly readiness: Readiness
  readonly metrics: Metrics
  readonly scrape: Scrape
}

export async function buildApp(options: AppOptions): Promise<App> {
  const app: App = Fastify({
    loggerInstance: options.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: options.bodyLimit,
    // A body is taken as it came: nothing is coerced, dropped or defaulted behind the caller's back.
    ajv: {
      customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, verbose: true },
    },
    schemaErrorFormatter: schemaError,
    routerOptions: { maxParamLength: 500 },
  }).withTypeProvider<TypeBoxTypeProvider>()

  app.removeContentTypeParser('text/plain')
  await app.register(errors)
  await app.register(drain)
  await app.register(requestMetrics, options)
  await app.register(openapi, options)
  await app.register(chatCompletions, options)
  await app.register(models, options)
  await app.register(ask, options)
  await app.register(plan, options)
  await app.register(observe, options)
  await app.register(probes, options)
  await app.register(metrics, options)
  return app
}
