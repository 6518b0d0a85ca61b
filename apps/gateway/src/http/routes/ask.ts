/** `POST /v1/ask`: a question in, text out; as JSON, or as server-sent events `decision`, `text`*, `done` (or `error`). */
import type { Corridor } from '../../corridor/corridor.ts'
import { limitHeaders } from '../../limits/limit-headers.ts'
import { answerFigures } from '../answer-figures.ts'
import type { App } from '../app.ts'
import { askError, askEvents, serverSent } from '../ask-events.ts'
import { chatBodyOf } from '../chat-body-of.ts'
import type { ExchangeFactory } from '../exchange-of.ts'
import { guardHeaders } from '../guard-headers.ts'
import { AskAnswer, AskRequest } from '../schemas/ask.ts'
import { Problem } from '../schemas/common.ts'
import { COMMENT_PING, type StreamForm, type StreamPace, sendStream } from '../send-stream.ts'

export interface AskOptions {
  readonly corridor: Corridor
  readonly exchanges: ExchangeFactory
  readonly streams: StreamPace
}

export async function ask(app: App, { corridor, exchanges, streams }: AskOptions): Promise<void> {
  app.post(
    '/v1/ask',
    {
      config: { plane: 'data' },
      schema: {
        summary: 'Ask the best model',
        tags: ['atp'],
        body: AskRequest,
        response: { 200: AskAnswer, '4xx': Problem, '5xx': Problem },
      },
    },
    async (request, reply) => {
      const { body, options } = chatBodyOf(request.body)
      const exchange = exchanges.open(reply, body, options)
      if (body.stream === true) {
        return await sendStream(reply, exchange.id, corridor.stream(exchange), FORM, streams)
      }
      const answer = await corridor.complete(exchange)
      const { text, finishReason } = answer.completion
      reply.headers({ ...guardHeaders(answer.masked), ...limitHeaders(answer.levels) })
      return { text, finish_reason: finishReason, ...answerFigures(answer, answer.observation) }
    },
  )
}

const FORM: StreamForm = {
  contentType: 'text/event-stream; charset=utf-8',
  events: answer => serverSent(askEvents(answer)),
  ping: COMMENT_PING,
  lastWords: askError,
}
