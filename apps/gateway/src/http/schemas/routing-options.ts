/** What a caller may say about routing: one schema for our own endpoints' bodies and for the `atp` object on OpenAI's. */
import { PRESETS, ROUTING_STRATEGIES } from '@atp/domain/routing'
import { type Static, Type } from 'typebox'

const Weight = Type.Number({ minimum: 0, maximum: 1000 })
const ModelNames = Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { minItems: 1, maxItems: 200 })

export const Quality = Type.Union(
  [
    Type.Enum([...PRESETS]),
    Type.Object({ quality: Weight, cost: Weight, latency: Weight }, { additionalProperties: false }),
  ],
  { description: 'What counts: a preset, or the weights of quality, cost and latency.' },
)

export const routingOptions = {
  quality: Type.Optional(Quality),
  strategy: Type.Optional(Type.Enum([...ROUTING_STRATEGIES], { description: 'How the model is chosen.' })),
  max_cost_usd: Type.Optional(
    Type.Number({
      minimum: 0,
      maximum: 1_000_000,
      description: 'Hard ceiling of this answer in US dollars: the answer is cut before it would cost more.',
    }),
  ),
  latency_slo_ms: Type.Optional(
    Type.Number({ exclusiveMinimum: 0, description: 'Only models whose 95th percentile is below it.' }),
  ),
  min_quality: Type.Optional(
    Type.Number({
      minimum: 0,
      maximum: 1,
      description: 'Only models whose quality is expected to be at least this.',
    }),
  ),
  allow: Type.Optional({ ...ModelNames, description: 'Only these models.' }),
  deny: Type.Optional({ ...ModelNames, description: 'Never these models.' }),
  task: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 64,
      pattern: '^[A-Za-z0-9._:/-]*$',
      examples: ['summary', 'support/triage'],
      description: 'What kind of work it is: each task learns which models are good at it.',
    }),
  ),
  decision_seed: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 200,
      // Stored with the decision: what every database can hold.
      pattern: '^[^\\p{Cc}\\p{Cs}]*$',
      description: 'The same seed and learned state give the same decision. Default: the request id.',
    }),
  ),
} as const

export const RoutingOptions = Type.Object(routingOptions, { additionalProperties: false })
export type RoutingOptions = Static<typeof RoutingOptions>
