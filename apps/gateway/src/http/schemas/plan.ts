/** A decision explained: every candidate, the terms of its score, and what excluded the others. */
import { Type } from 'typebox'
import { Arm, Usd } from './common.ts'

const Terms = Type.Object({
  quality: Type.Number(),
  cost: Type.Number(),
  latency: Type.Number(),
})

export const PlanAnswer = Type.Object({
  decision_seed: Type.String({
    description: '`ask` with it decides alike, as long as nothing was learned in between.',
  }),
  state_version: Type.Integer(),
  strategy: Type.String(),
  weights: Terms,
  exploration: Type.Number({
    description: 'Share of the requests whose model is drawn blindly; 0 where the model is named.',
  }),
  shadow: Type.Union([Type.Object({ strategy: Type.String(), model: Arm }), Type.Null()], {
    description: 'What the shadow strategy would do, which nobody follows.',
  }),
  model: Type.Union([Arm, Type.Null()], { description: 'What `ask` would call first.' }),
  candidates: Type.Array(
    Type.Object({
      arm: Arm,
      score: Type.Union([Type.Number(), Type.Null()], {
        description: 'quality - cost - latency; null: excluded.',
      }),
      terms: Type.Union([Terms, Type.Null()], { description: 'The weighted parts of the score.' }),
      excluded: Type.Union([
        Type.Null(),
        Type.Array(Type.Object({ reason: Type.String(), detail: Type.String() })),
      ]),
      estimate: Type.Object({
        quality_mean: Type.Number(),
        quality_alpha: Type.Union([Type.Number(), Type.Null()], {
          description: "Of the quality's Beta posterior; null by a contextual strategy.",
        }),
        quality_beta: Type.Union([Type.Number(), Type.Null()]),
        quality_deviation: Type.Union([Type.Number(), Type.Null()], {
          description: "Of the quality's normal posterior, by a contextual strategy; null otherwise.",
        }),
        reliability: Type.Number({ description: 'Share of its calls that the arm answers.' }),
        cost_usd: Usd,
        latency_ms: Type.Number(),
        output_tokens: Type.Number(),
      }),
    }),
    { description: 'Best first, excluded last.' },
  ),
})
