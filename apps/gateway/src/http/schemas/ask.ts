/** Our own endpoints `ask` and `plan`: a prompt or messages, and what to route by. Unknown fields are refused by name. */
import { type Static, Type } from 'typebox'
import { Arm, Usd } from './common.ts'
import { routingOptions } from './routing-options.ts'

export const AskRequest = Type.Object(
  {
    prompt: Type.Optional(Type.String({ minLength: 1, description: 'Either this or `messages`.' })),
    messages: Type.Optional(
      Type.Array(
        Type.Object(
          { role: Type.String({ minLength: 1 }), content: Type.Unknown() },
          { additionalProperties: true },
        ),
        { minItems: 1, description: "OpenAI's messages; either this or `prompt`." },
      ),
    ),
    model: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'Default: `auto`.' })),
    stream: Type.Optional(Type.Boolean({ description: 'Answer as server-sent events.' })),
    max_output_tokens: Type.Optional(Type.Integer({ minimum: 1 })),
    ...routingOptions,
  },
  { additionalProperties: false },
)
export type AskRequest = Static<typeof AskRequest>

export const AskAnswer = Type.Object({
  decision_id: Type.String(),
  model: Arm,
  text: Type.Union([Type.String(), Type.Null()], { description: 'Null where the answer has none.' }),
  finish_reason: Type.Union([Type.String(), Type.Null()]),
  usage: Type.Object({
    input_tokens: Type.Number(),
    output_tokens: Type.Number(),
    estimated: Type.Boolean({
      description: 'True where the provider gave no figure and a tokenizer counted.',
    }),
  }),
  cost_usd: Type.Union([Usd, Type.Null()], { description: 'Null where it is not known.' }),
  latency_ms: Type.Number(),
  time_to_first_token_ms: Type.Union([Type.Number(), Type.Null()]),
  attempts: Type.Integer({ description: 'Models tried, the one that answered included.' }),
})
export type AskAnswer = Static<typeof AskAnswer>
