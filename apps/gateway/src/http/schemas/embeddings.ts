/** OpenAI's embeddings request: what the gateway reads is checked, everything else passes through. */
import { type Static, Type } from 'typebox'
import { RoutingOptions } from './routing-options.ts'

/** OpenAI takes no more at once. */
const MOST_TEXTS = 2048

const Tokens = Type.Array(Type.Integer({ minimum: 0 }), { minItems: 1 })

export const EmbeddingsRequest = Type.Object(
  {
    model: Type.String({
      minLength: 1,
      maxLength: 200,
      description: 'An arm (`adapter/model`), or a model name; never `auto`.',
    }),
    input: Type.Union(
      [
        Type.String({ minLength: 1 }),
        Type.Array(Type.String({ minLength: 1 }), { minItems: 1, maxItems: MOST_TEXTS }),
        Tokens,
        Type.Array(Tokens, { minItems: 1, maxItems: MOST_TEXTS }),
      ],
      { description: 'A text, several, or their tokens.' },
    ),
    encoding_format: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    dimensions: Type.Optional(Type.Union([Type.Integer({ minimum: 1 }), Type.Null()])),
    user: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    atp: Type.Optional(RoutingOptions),
  },
  {
    additionalProperties: true,
    description: 'Fields not named here are passed to the provider as they are.',
  },
)
export type EmbeddingsRequest = Static<typeof EmbeddingsRequest>
