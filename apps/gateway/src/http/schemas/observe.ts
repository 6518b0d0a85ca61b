/** Feedback on a decision, or a call that somebody else made; one, or up to 1,000 at once. */
import { OUTCOMES } from '@atp/domain/observation'
import { type Static, Type } from 'typebox'
import { Arm, Problem } from './common.ts'

const QualityScore = Type.Number({ minimum: 0, maximum: 1, description: 'How good the answer was: 0 to 1.' })
const ObservationKey = Type.String({
  minLength: 1,
  maxLength: 200,
  description: 'Names this observation: sent again, it is a duplicate and counts once.',
})

export const Feedback = Type.Object(
  {
    decision_id: Type.String({ minLength: 1, maxLength: 100 }),
    quality: QualityScore,
    observation_id: Type.Optional(ObservationKey),
  },
  { additionalProperties: false },
)

export const OutsideObservation = Type.Object(
  {
    arm: Arm,
    outcome: Type.Enum([...OUTCOMES]),
    quality: Type.Optional(QualityScore),
    latency_ms: Type.Optional(Type.Number({ minimum: 0 })),
    time_to_first_token_ms: Type.Optional(Type.Number({ minimum: 0 })),
    input_tokens: Type.Optional(Type.Integer({ minimum: 0 })),
    output_tokens: Type.Optional(Type.Integer({ minimum: 0 })),
    cost_usd: Type.Optional(Type.Number({ minimum: 0 })),
    observation_id: Type.Optional(ObservationKey),
  },
  { additionalProperties: false },
)

/** One flat object, so that an error names the field; which of the two it is, is told by `decision_id`. */
export const ObservationInput = Type.Object(
  {
    ...Type.Partial(Feedback).properties,
    ...Type.Partial(OutsideObservation).properties,
  },
  {
    additionalProperties: false,
    description: 'Feedback has `decision_id` and `quality`; an outside observation has `arm` and `outcome`.',
  },
)
export type ObservationInput = Static<typeof ObservationInput>

export const ObserveRequest = Type.Object(
  {
    ...ObservationInput.properties,
    observations: Type.Optional(Type.Array(ObservationInput, { minItems: 1, maxItems: 1000 })),
  },
  { additionalProperties: false },
)
export type ObserveRequest = Static<typeof ObserveRequest>

const Result = Type.Object({
  status: Type.Enum(['accepted', 'duplicate', 'refused']),
  observation_id: Type.Optional(Type.String()),
  error: Type.Optional(Problem),
})
export const ObserveAnswer = Type.Union([Result, Type.Object({ results: Type.Array(Result) })])
