/** How a model is chosen. */
import { Type } from 'typebox'
import { POSITIVE_DURATION_PATTERN } from './duration.ts'
import { count, duration, section } from './schema-parts.ts'

const weight = (value: number, description: string) =>
  Type.Number({ minimum: 0, maximum: 1_000, default: value, description })

const floor = () =>
  Type.Number({
    minimum: 0,
    maximum: 1,
    default: 0,
    description: 'For requests of this preset, expected quality; 0 is no floor.',
  })

const preset = (quality: number, cost: number, latency: number) =>
  section('How much each part weighs.', {
    quality: weight(quality, 'Weight of the expected quality.'),
    cost: weight(cost, 'Weight of the expected cost over routing.cost_reference_usd.'),
    latency: weight(latency, 'Weight of the expected latency over routing.latency_reference.'),
  })

const STRATEGIES = ['thompson', 'ucb', 'klucb', 'swucb', 'greedy', 'linthompson', 'linucb'] as const

export const RoutingSchema = section('How a model is chosen.', {
  strategy: Type.Enum([...STRATEGIES], {
    default: 'thompson',
    description:
      'How quality is estimated and explored, where the request names no strategy; linthompson and linucb look at the prompt.',
  }),
  shadow_strategy: Type.Optional(
    Type.Enum([...STRATEGIES], {
      description:
        'Decides beside the strategy that is followed, and is recorded: see atp replay --policy shadow.',
    }),
  ),
  exploration: Type.Number({
    minimum: 0,
    maximum: 1,
    default: 0,
    examples: [0.02],
    description:
      'Share of the routed requests whose model is drawn blindly among the candidates: what makes other policies comparable by atp replay.',
  }),
  exploration_cap: Type.Number({
    minimum: 0,
    maximum: 1,
    default: 1,
    examples: [0.1],
    description:
      "Share of a tenant's routed requests that may go to another model than the best by expectation.",
  }),
  quality_floors: section(
    'Quality below which a model is left out, where the request names no floor of its own.',
    {
      fast: floor(),
      balanced: floor(),
      high: floor(),
    },
  ),
  quality: Type.Enum(['fast', 'balanced', 'high'], {
    default: 'balanced',
    description: 'The preset that holds where the request names none.',
  }),
  half_life: Type.String({
    pattern: `^never$|${POSITIVE_DURATION_PATTERN}`,
    default: '6h',
    examples: ['6h', '7d', 'never'],
    description: 'Time after which what was observed counts half; never forgets nothing.',
  }),
  window: duration('6h', 'How far back the strategy swucb looks; what is older counts for nothing.'),
  reliability_half_life: duration(
    '1m',
    'Time after which a call counts half in how reliable its model is: how long a failure is held against it.',
  ),
  budget_usd_per_request: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      examples: [0.002],
      description:
        'What requests that the gateway routes may cost on average, in US dollars; without one, cost only weighs.',
    }),
  ),
  embedding: section(
    'Whether the contextual strategies also learn by what a prompt is about. Each prompt that they route is sent to this model.',
    {
      model: Type.Optional(
        Type.String({
          pattern: '^[^/]+/.+$',
          examples: ['openai/text-embedding-3-small'],
          description:
            "An embedding model of an adapter's upstream, as adapter/model; it need not be among the models that the adapter serves. Without one nothing is embedded.",
        }),
      ),
      timeout: duration('300ms', 'Time that a request waits for its embedding; then it is routed without.'),
    },
  ),
  contexts: count(
    10_000,
    'Tenants and tasks whose own experience is held in memory; that of the others waits in the database.',
  ),
  cost_reference_usd: Type.Number({
    exclusiveMinimum: 0,
    default: 0.002,
    description: 'The cost of an answer, in US dollars, that weighs 1 times its weight.',
  }),
  latency_reference: duration('2s', 'The latency of an answer that weighs 1 times its weight.'),
  presets: section('The weights behind the presets.', {
    fast: preset(1, 0.1, 0.3),
    balanced: preset(1, 0.15, 0.05),
    high: preset(1, 0.02, 0.01),
  }),
  ucb_exploration: Type.Number({
    minimum: 0,
    default: 1,
    description: 'How much the strategies ucb and swucb explore: the factor of their confidence radius.',
  }),
})
