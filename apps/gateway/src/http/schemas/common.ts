import { type Static, Type } from 'typebox'

export const Arm = Type.String({ description: 'A model served by an adapter: `adapter/model`.' })
export const Usd = Type.Number({ description: 'US dollars, exact to a millionth.' })

/** RFC 9457. */
export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String(),
    detail: Type.String(),
    problems: Type.Optional(
      Type.Array(Type.Object({ field: Type.String(), found: Type.String(), allowed: Type.String() })),
    ),
  },
  { additionalProperties: true, description: 'application/problem+json' },
)
export type Problem = Static<typeof Problem>

export const OpenAiError = Type.Object({
  error: Type.Object(
    {
      message: Type.String(),
      type: Type.String(),
      param: Type.Union([Type.String(), Type.Null()]),
      code: Type.Union([Type.String(), Type.Null()]),
    },
    { additionalProperties: true },
  ),
})
