/** `POST /v1/embeddings`: OpenAI's wire format, by the model that is named; the upstream's bytes pass through unchanged. */
import type { EmbeddingBody } from '@atp/domain/adapter'
import { Type } from 'typebox'
import type { Corridor } from '../../corridor/corridor.ts'
import type { App } from '../app.ts'
import { wholeHeaders } from '../decision-headers.ts'
import type { ExchangeFactory } from '../exchange-of.ts'
import { OpenAiError } from '../schemas/common.ts'
import { EmbeddingsRequest } from '../schemas/embeddings.ts'
import { RoutingHeaders, routingOptionsOf } from '../schemas/routing-headers.ts'

const Answer = Type.Unsafe<Buffer>({
  type: 'object',
  description: "OpenAI's list of embeddings, as the model's provider wrote it.",
})

export interface EmbeddingsOptions {
  readonly corridor: Pick<Corridor, 'embed'>
  readonly exchanges: ExchangeFactory
}

export async function embeddings(app: App, { corridor, exchanges }: EmbeddingsOptions): Promise<void> {
  app.post(
    '/v1/embeddings',
    {
      config: { plane: 'data', wire: 'openai' },
      schema: {
        summary: 'Turn texts into vectors, by the named model',
        tags: ['openai'],
        headers: RoutingHeaders,
        body: EmbeddingsRequest,
        response: { 200: Answer, '4xx': OpenAiError, '5xx': OpenAiError },
      },
    },
    async (request, reply) => {
      const options = routingOptionsOf(request.headers, request.body.atp)
      const passed = await corridor.embed(exchanges.open<EmbeddingBody>(reply, request.body, options))
      const { contentType, bytes } = passed.answer
      return reply.headers(wholeHeaders(passed)).type(contentType).send(bytes)
    },
  )
}
