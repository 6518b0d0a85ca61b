/** OpenAI's chat completion request: what routing reads is checked, everything else passes through. */
import { type Static, Type } from 'typebox'
import { RoutingOptions } from './routing-options.ts'

const TokenLimit = Type.Union([Type.Integer({ minimum: 1 }), Type.Null()])

export const ChatCompletionRequest = Type.Object(
  {
    model: Type.String({
      minLength: 1,
      maxLength: 200,
      description: '`auto`, an arm (`adapter/model`), or a model name.',
    }),
    messages: Type.Array(
      Type.Object({ role: Type.String({ minLength: 1 }) }, { additionalProperties: true }),
      {
        minItems: 1,
      },
    ),
    stream: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
    stream_options: Type.Optional(
      Type.Union([
        Type.Object({ include_usage: Type.Optional(Type.Boolean()) }, { additionalProperties: true }),
        Type.Null(),
      ]),
    ),
    max_tokens: Type.Optional(TokenLimit),
    max_completion_tokens: Type.Optional(TokenLimit),
    n: Type.Optional(Type.Union([Type.Integer({ minimum: 1, maximum: 128 }), Type.Null()])),
    tools: Type.Optional(
      Type.Union([Type.Array(Type.Object({}, { additionalProperties: true })), Type.Null()]),
    ),
    response_format: Type.Optional(
      Type.Union([Type.Object({ type: Type.String() }, { additionalProperties: true }), Type.Null()]),
    ),
    atp: Type.Optional(RoutingOptions),
  },
  {
    additionalProperties: true,
    description: 'Fields not named here are passed to the provider as they are.',
  },
)
export type ChatCompletionRequest = Static<typeof ChatCompletionRequest>
