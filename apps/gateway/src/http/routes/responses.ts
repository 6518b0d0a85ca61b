/** `POST /v1/responses`: OpenAI's wire format, whole or streamed, passed through to the model that is named. Nothing is kept here. */
import { AtpError } from '@atp/core/errors'
import type { ResponseBody } from '@atp/domain/adapter'
import { Type } from 'typebox'
import type { Corridor } from '../../corridor/corridor.ts'
import type { App } from '../app.ts'
import { wholeHeaders } from '../decision-headers.ts'
import { asAtpError, openAiError } from '../error-response.ts'
import type { ExchangeFactory } from '../exchange-of.ts'
import { OpenAiError } from '../schemas/common.ts'
import { ResponsesRequest } from '../schemas/responses.ts'
import { RoutingHeaders, routingOptionsOf } from '../schemas/routing-headers.ts'
import { COMMENT_PING, type StreamForm, type StreamPace, sendStream } from '../send-stream.ts'

const Answer = Type.Unsafe<Buffer>({
  type: 'object',
  description: "OpenAI's response, as the model's provider wrote it.",
})

export interface ResponsesOptions {
  readonly corridor: Pick<Corridor, 'respond' | 'respondStreamed'>
  readonly exchanges: ExchangeFactory
  readonly streams: StreamPace
}

export async function responses(app: App, { corridor, exchanges, streams }: ResponsesOptions): Promise<void> {
  app.post(
    '/v1/responses',
    {
      config: { plane: 'data', wire: 'openai' },
      schema: {
        summary: 'Have the named model make a response, which is not kept',
        tags: ['openai'],
        headers: RoutingHeaders,
        body: ResponsesRequest,
        response: { 200: Answer, '4xx': OpenAiError, '5xx': OpenAiError },
      },
    },
    async (request, reply) => {
      const options = routingOptionsOf(request.headers, request.body.atp)
      const exchange = exchanges.open<ResponseBody>(reply, request.body, options)
      if (request.body.stream === true) {
        return await sendStream(reply, exchange.id, corridor.respondStreamed(exchange), FORM, streams)
      }
      const passed = await corridor.respond(exchange)
      const { contentType, bytes } = passed.answer
      return reply.headers(wholeHeaders(passed)).type(contentType).send(bytes)
    },
  )

  app.all(
    '/v1/responses/*',
    { config: { plane: 'data', wire: 'openai' }, schema: { hide: true } },
    async ({ method, url }) => {
      const [path] = url.split('?', 1)
      throw new AtpError('not_found', {
        detail: `there is no ${method} ${path}: responses are not kept here, only POST /v1/responses is served`,
      })
    },
  )
}

const FORM: StreamForm = {
  contentType: null,
  events: ({ events }) => events,
  ping: COMMENT_PING,
  lastWords: thrown => {
    const { error } = openAiError(asAtpError(thrown))
    return `event: error\ndata: ${JSON.stringify({ ...error, type: 'error' })}\n\n`
  },
}
