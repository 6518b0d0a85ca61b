/** The configuration's one source of truth: types, validation, environment names and the editors' JSON Schema derive from it. */
import { type Static, type TProperties, Type } from 'typebox'
import { LOG_LEVELS } from '../logging.ts'
import { AdapterSchema } from './adapter-schema.ts'
import { AuthSchema } from './auth-schema.ts'
import { DURATION_PATTERN, POSITIVE_DURATION_PATTERN } from './duration.ts'

const section = <Properties extends TProperties>(description: string, properties: Properties) =>
  Type.Object(properties, { additionalProperties: false, default: {}, description })

const duration = (value: string, description: string) =>
  Type.String({
    pattern: POSITIVE_DURATION_PATTERN,
    default: value,
    examples: ['250ms', '5s', '10m'],
    description,
  })

const durationOrZero = (value: string, description: string) =>
  Type.String({ pattern: DURATION_PATTERN, default: value, examples: ['0s', '5s', '10m'], description })

const count = (value: number, description: string) =>
  Type.Integer({ minimum: 1, default: value, description })

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

const server = section('Where the gateway listens.', {
  host: Type.String({
    minLength: 1,
    default: '127.0.0.1',
    description: 'Address to listen on; only a loopback address where auth.enabled is false.',
  }),
  port: Type.Integer({
    minimum: 0,
    maximum: 65_535,
    default: 8_080,
    description: 'Port to listen on; 0 lets the system choose.',
  }),
  body_limit_bytes: count(20_971_520, 'Bytes that the body of a request may have.'),
  request_timeout: duration('60s', 'Time in which a request must arrive as a whole.'),
  write_timeout: duration('60s', 'Time that a client may leave its stream unread before it is cut off.'),
})

const data = section('What is kept on this machine.', {
  dir: Type.String({ minLength: 1, default: './data', description: 'Directory of the journal.' }),
  durability: Type.Enum(['process', 'power'], {
    default: 'process',
    description:
      'What an acknowledged record survives: the death of the process, or a power cut at the price of an fsync a group.',
  }),
})

const database = section('Where decisions and observations are kept for good.', {
  url: Type.Optional(
    Type.String({
      pattern: '^postgres(?:ql)?://',
      writeOnly: true,
      examples: ['postgres://user:password@host/database'],
      description: 'Address of a Postgres database; without one the journal is the database.',
    }),
  ),
})

const redis = section('What replicas of the gateway share, so that they act as one.', {
  url: Type.Optional(
    Type.String({
      pattern: '^rediss?://',
      writeOnly: true,
      examples: ['redis://:password@host:6379'],
      description: 'Address of a Redis; without one each process is on its own.',
    }),
  ),
  prefix: Type.String({
    pattern: '^[A-Za-z0-9._:-]{1,64}$',
    default: 'atp',
    description: 'What the names of all keys begin with: one for each gateway that shares the Redis.',
  }),
  exchange_interval: duration('1s', 'Time between two exchanges of what replicas have learned.'),
})

const log = section('What is logged, as JSON lines on standard output.', {
  level: Type.Enum([...LOG_LEVELS], {
    default: 'info',
    description: 'The least grave lines that are logged.',
  }),
  requests: Type.Boolean({ default: false, description: 'Whether each request is logged, at level info.' }),
})

const STRATEGIES = ['thompson', 'ucb', 'klucb', 'swucb', 'greedy', 'linthompson', 'linucb'] as const

const routing = section('How a model is chosen.', {
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

const breaker = section('When an adapter that fails is left alone.', {
  failures: count(5, 'Failures in a row after which the circuit opens.'),
  cooldown: duration('10s', 'Time after which an open circuit lets a call through to try.'),
})

const upstream = section('How upstreams are called.', {
  connect_timeout: duration('5s', 'Time in which a connection must stand.'),
  first_token_timeout: duration('30s', 'Time in which the first token of a stream must come.'),
  idle_timeout: duration('30s', 'Time that may pass between two pieces of a stream.'),
  total_timeout: duration('10m', 'Time in which an answer must be complete.'),
  max_attempts: count(3, 'Candidates that are tried for one request.'),
  max_connections: count(256, 'Connections that are kept to one upstream.'),
})

const signal = (quality: number, confidence: number, description: string) =>
  section(description, {
    quality: Type.Number({
      minimum: 0,
      maximum: 1,
      default: quality,
      description: 'What such an answer is worth.',
    }),
    confidence: Type.Number({
      minimum: 0,
      maximum: 1,
      default: confidence,
      description: 'How far the signal is believed; 0 ignores it.',
    }),
  })

const observation = section('How observations are taken in.', {
  queue_limit: count(10_000, 'Observations that may wait; the next one waits at the door.'),
  snapshot_interval: duration('5s', 'Time between two snapshots of what was learned.'),
  signals: section('What an answer that nobody has judged says of itself; a judgement takes its place.', {
    refusal: signal(0, 0.7, 'The model, or a filter of its provider, would not answer.'),
    truncated: signal(0.4, 0.5, 'The answer ended at a limit of tokens.'),
    invalid_json: signal(0, 0.9, 'JSON was asked for, and the answer is none.'),
    abandoned: signal(0.5, 0.2, 'The client went away while the answer was being written.'),
  }),
})

const judge = section(
  'Whether a model judges a sample of the answers. It is sent their prompts, and billed apart.',
  {
    model: Type.Optional(
      Type.String({
        minLength: 1,
        examples: ['openai/gpt-5-mini'],
        description: 'Who judges: a model of an adapter, as adapter/model. Without one nobody does.',
      }),
    ),
    share: Type.Number({
      minimum: 0,
      maximum: 1,
      default: 0.02,
      description: 'Share of the answers that are judged.',
    }),
    max_concurrent: count(4, 'Verdicts under way at once; answers beyond are not judged.'),
    timeout: duration('30s', 'Time that a verdict may take.'),
  },
)

const shutdown = section('How the gateway stops.', {
  lag: durationOrZero(
    '0s',
    'Time that it goes on serving after it called itself unready; 5s by default inside Kubernetes.',
  ),
  total: duration('30s', 'Time after which what still runs is cut off; the lag is not part of it.'),
})

export const ConfigSchema = Type.Object(
  {
    server,
    auth: AuthSchema,
    data,
    database,
    redis,
    log,
    routing,
    breaker,
    upstream,
    observation,
    judge,
    shutdown,
    adapters: Type.Array(AdapterSchema, { default: [], description: 'The upstream accounts.' }),
  },
  { additionalProperties: false },
)

/** The configuration as it is written, with its defaults. */
export type WrittenConfig = Static<typeof ConfigSchema>
