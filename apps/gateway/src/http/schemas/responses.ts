/** OpenAI's request for a response: what the gateway reads is checked, everything else passes through. */
import { type Static, Type } from 'typebox'
import { RoutingOptions } from './routing-options.ts'

export const ResponsesRequest = Type.Object(
  {
    model: Type.String({
      minLength: 1,
      maxLength: 200,
      description:
        'An arm (`adapter/model`), or a model name, of an adapter with `responses: true`; never `auto`.',
    }),
    stream: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
    max_output_tokens: Type.Optional(Type.Union([Type.Integer({ minimum: 1 }), Type.Null()])),
    store: Type.Optional(
      Type.Union([Type.Boolean(), Type.Null()], { description: 'Not true: nothing is kept here.' }),
    ),
    background: Type.Optional(
      Type.Union([Type.Boolean(), Type.Null()], { description: 'Not true: nothing is kept here.' }),
    ),
    atp: Type.Optional(RoutingOptions),
  },
  {
    additionalProperties: true,
    description: 'Fields not named here are passed to the provider as they are.',
  },
)
export type ResponsesRequest = Static<typeof ResponsesRequest>
