/** `POST /v1/chat/completions`: OpenAI's wire format, whole or streamed; the upstream's bytes pass through unchanged. */
import type { ChatBody } from '@atp/domain/adapter'
import { Type } from 'typebox'
import type { Corridor } from '../../corridor/corridor.ts'
import type { App } from '../app.ts'
import { wholeHeaders } from '../decision-headers.ts'
import { asAtpError, openAiError } from '../error-response.ts'
import type { ExchangeFactory } from '../exchange-of.ts'
import { ChatCompletionRequest } from '../schemas/chat-completions.ts'
import { OpenAiError } from '../schemas/common.ts'
import { RoutingHeaders, routingOptionsOf } from '../schemas/routing-headers.ts'
import { COMMENT_PING, type StreamForm, type StreamPace, sendStream } from '../send-stream.ts'

const Answer = Type.Unsafe<Buffer>({
  type: 'object',
  description: "OpenAI's chat completion, as the model's provider wrote it.",
})

export interface ChatCompletionsOptions {
  readonly corridor: Corridor
  readonly exchanges: ExchangeFactory
  readonly streams: StreamPace
}

export async function chatCompletions(
  app: App,
  { corridor, exchanges, streams }: ChatCompletionsOptions,
): Promise<void> {
  app.post(
    '/v1/chat/completions',
    {
      config: { plane: 'data', wire: 'openai' },
      schema: {
        summary: 'Answer a chat, by the best model or the named one',
        tags: ['openai'],
        headers: RoutingHeaders,
        body: ChatCompletionRequest,
        response: { 200: Answer, '4xx': OpenAiError, '5xx': OpenAiError },
      },
    },
    async (request, reply) => {
      const options = routingOptionsOf(request.headers, request.body.atp)
      const exchange = exchanges.open(reply, request.body as ChatBody, options)
      if (request.body.stream === true) {
        return await sendStream(reply, exchange.id, corridor.stream(exchange), FORM, streams)
      }
      const answer = await corridor.complete(exchange)
      return reply
        .headers(wholeHeaders(answer))
        .type(answer.completion.contentType)
        .send(answer.completion.bytes)
    },
  )
}

const FORM: StreamForm = {
  contentType: null,
  events: ({ events }) => events,
  ping: COMMENT_PING,
  lastWords: thrown => `data: ${JSON.stringify(openAiError(asAtpError(thrown)))}\n\n`,
}
