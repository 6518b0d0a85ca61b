/** `POST /v1/messages`: Anthropic's wire format, whole or streamed, over any model. */

import type { ChatBody } from '@atp/domain/adapter'
import { Type } from 'typebox'
import type { Corridor } from '../../corridor/corridor.ts'
import { chatBodyOfMessages, chatPromptOf } from '../anthropic/chat-body.ts'
import { messageOf } from '../anthropic/message.ts'
import { messageError, messageEvents } from '../anthropic/message-events.ts'
import type { App } from '../app.ts'
import { wholeHeaders } from '../decision-headers.ts'
import type { ExchangeFactory } from '../exchange-of.ts'
import { AnthropicError, CountTokensRequest, MessagesRequest } from '../schemas/messages.ts'
import { RoutingHeaders, routingOptionsOf } from '../schemas/routing-headers.ts'
import { type StreamForm, type StreamPace, sendStream } from '../send-stream.ts'

const Answer = Type.Unsafe<unknown>({
  type: 'object',
  additionalProperties: true,
  description: "Anthropic's message.",
})

export interface MessagesOptions {
  readonly corridor: Corridor
  readonly exchanges: ExchangeFactory
  readonly countPromptTokens: (body: ChatBody) => number
  readonly streams: StreamPace
}

export async function messages(
  app: App,
  { corridor, exchanges, countPromptTokens, streams }: MessagesOptions,
): Promise<void> {
  app.post(
    '/v1/messages',
    {
      config: { plane: 'data', wire: 'anthropic' },
      schema: {
        summary: "Answer a message in Anthropic's format, by the best model or the named one",
        tags: ['anthropic'],
        headers: RoutingHeaders,
        body: MessagesRequest,
        response: { 200: Answer, '4xx': AnthropicError, '5xx': AnthropicError },
      },
    },
    async (request, reply) => {
      const options = routingOptionsOf(request.headers, request.body.atp)
      const exchange = exchanges.open(reply, chatBodyOfMessages(request.body), options)
      reply.raw.setHeader('request-id', exchange.id)
      if (request.body.stream === true) {
        return await sendStream(reply, exchange.id, corridor.stream(exchange), FORM, streams)
      }
      const answer = await corridor.complete(exchange)
      reply.headers(wholeHeaders(answer))
      return messageOf(answer)
    },
  )

  app.post(
    '/v1/messages/count_tokens',
    {
      config: { plane: 'data', wire: 'anthropic' },
      schema: {
        summary: 'Estimate the tokens of a message, by the gateway’s own tokenizer',
        tags: ['anthropic'],
        body: CountTokensRequest,
        response: {
          200: Type.Object({ input_tokens: Type.Integer() }),
          '4xx': AnthropicError,
          '5xx': AnthropicError,
        },
      },
    },
    async request => ({ input_tokens: countPromptTokens(chatPromptOf(request.body)) }),
  )
}

const FORM: StreamForm = {
  contentType: 'text/event-stream; charset=utf-8',
  events: messageEvents,
  ping: 'event: ping\ndata: {"type": "ping"}\n\n',
  lastWords: messageError,
}
