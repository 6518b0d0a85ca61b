/** Anthropic's Messages request: what can be said in a chat completion, and no more. What is in the blocks is checked where they are translated. */
import { type Static, Type } from 'typebox'
import { RoutingOptions } from './routing-options.ts'

const Blocks = Type.Array(Type.Object({ type: Type.String() }, { additionalProperties: true }))
const TextOrBlocks = Type.Union([Type.String(), Blocks])
const OrNull = <Value extends Parameters<typeof Type.Union>[0][number]>(value: Value) =>
  Type.Optional(Type.Union([value, Type.Null()]))

const prompt = {
  model: Type.String({
    minLength: 1,
    maxLength: 200,
    description: '`auto`, an arm (`adapter/model`), or a model name.',
  }),
  system: Type.Optional(TextOrBlocks),
  messages: Type.Array(
    Type.Object(
      { role: Type.Enum(['user', 'assistant', 'system']), content: TextOrBlocks },
      { additionalProperties: false },
    ),
    { minItems: 1 },
  ),
  tools: Type.Optional(Type.Array(Type.Object({}, { additionalProperties: true }))),
  tool_choice: Type.Optional(
    Type.Object(
      {
        type: Type.Enum(['auto', 'any', 'tool', 'none']),
        name: Type.Optional(Type.String({ minLength: 1 })),
        disable_parallel_tool_use: Type.Optional(Type.Boolean()),
      },
      { additionalProperties: false },
    ),
  ),
  thinking: Type.Optional(
    Type.Object(
      { type: Type.Enum(['disabled'], { description: 'Thinking cannot be asked of every model this way.' }) },
      { additionalProperties: false },
    ),
  ),
  output_config: Type.Optional(
    Type.Object(
      {
        effort: OrNull(Type.Enum(['low', 'medium', 'high', 'xhigh'])),
        format: OrNull(
          Type.Object(
            { type: Type.Enum(['json_schema']), schema: Type.Object({}, { additionalProperties: true }) },
            { additionalProperties: false },
          ),
        ),
      },
      { additionalProperties: false },
    ),
  ),
}

const description =
  'Fields of Anthropic that no chat completion has are refused by name; nothing is dropped in silence.'

export const MessagesRequest = Type.Object(
  {
    ...prompt,
    max_tokens: Type.Integer({ minimum: 1 }),
    stop_sequences: Type.Optional(Type.Array(Type.String({ minLength: 1 }))),
    temperature: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
    top_p: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
    stream: Type.Optional(Type.Boolean()),
    metadata: Type.Optional(
      Type.Object({ user_id: OrNull(Type.String({ maxLength: 256 })) }, { additionalProperties: false }),
    ),
    atp: Type.Optional(RoutingOptions),
  },
  { additionalProperties: false, description },
)
export type MessagesRequest = Static<typeof MessagesRequest>

export const CountTokensRequest = Type.Object(prompt, { additionalProperties: false, description })
export type CountTokensRequest = Static<typeof CountTokensRequest>

export const AnthropicError = Type.Object(
  {
    type: Type.Enum(['error']),
    error: Type.Object({ type: Type.String(), message: Type.String() }, { additionalProperties: true }),
  },
  { additionalProperties: true },
)
