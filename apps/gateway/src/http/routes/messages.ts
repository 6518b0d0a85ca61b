/** `POST /v1/messages`: Anthropic's wire format, whole or streamed, over any model. */

import type { ChatBody } from '@atp/domain/adapter'
import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import type { Corridor } from '../../corridor/corridor.ts'
import type { Exchange } from '../../corridor/exchange.ts'
import { chatBodyOfMessages, chatPromptOf } from '../anthropic/chat-body.ts'
import { messageOf } from '../anthropic/message.ts'
import { messageError, messageEvents } from '../anthropic/message-events.ts'
import type { App } from '../app.ts'
import { wholeHeaders } from '../decision-headers.ts'
import type { ExchangeFactory } from '../exchange-of.ts'
import { AnthropicError, CountTokensRequest, MessagesRequest } from '../schemas/messages.ts'
import { RoutingHeaders, routingOptionsOf } from '../schemas/routing-headers.ts'
import { sendStream } from '../send-stream.ts'

const Answer = Type.Unsafe<unknown>({
  type: 'object',
  additionalProperties: true,
  description: "Anthropic's message.",
})

export interface MessagesOptions {
  readonly corridor: Corridor
  readonly exchanges: ExchangeFactory
  readonly countPromptTokens: (body: ChatBody) => number
  readonly patienceMs: number
}

export async function messages(
  app: App,
  { corridor, exchanges, countPromptTokens, patienceMs }: MessagesOptions,
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
      reply.header('request-id', exchange.id)
      if (request.body.stream === true) return await stream(corridor, exchange, reply, patienceMs)
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

async function stream(
  corridor: Corridor,
  exchange: Exchange,
  reply: FastifyReply,
  patienceMs: number,
): Promise<FastifyReply> {
  const answer = await corridor.stream(exchange)
  return await sendStream(reply, answer, {
    contentType: 'text/event-stream; charset=utf-8',
    events: messageEvents(answer),
    lastWords: messageError,
    patienceMs,
  })
}
