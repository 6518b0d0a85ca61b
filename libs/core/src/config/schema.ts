/** The configuration's one source of truth: types, validation, environment names and the editors' JSON Schema derive from it. */
import { type Static, Type } from 'typebox'
import { LOG_LEVELS } from '../logging.ts'
import { AdapterSchema } from './adapter-schema.ts'
import { AuthSchema } from './auth-schema.ts'
import { BreakerSchema, ConcurrencySchema } from './breaker-schema.ts'
import { GuardrailsSchema } from './guardrails-schema.ts'
import { HedgeSchema, RetryBudgetSchema, SameModelSchema } from './retry-schema.ts'
import { RoutingSchema } from './routing-schema.ts'
import { count, duration, durationOrZero, optionalDuration, section } from './schema-parts.ts'
import { SECRET_REFERENCE_PATTERN } from './secret-reference.ts'
import { SecretsSchema } from './secrets-schema.ts'

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
  event_loop_limit: duration(
    '5s',
    'Time that the event loop may be blocked; /livez fails for a moment after a longer block.',
  ),
})

const websocket = section('How the sockets of /v1/ws are treated.', {
  idle_timeout: duration(
    '30s',
    'Time of silence after which a client is pinged, and after the same time again, where it does not answer, cut off.',
  ),
  max_frame_bytes: count(20_971_520, 'Bytes that a frame of a client may have.'),
  max_in_flight: count(32, 'Requests that may be under way on one socket.'),
  buffer_bytes: count(
    1_048_576,
    'Bytes that may wait for a client to read them; then its answers wait for it, as long as server.write_timeout.',
  ),
})

const data = section('What is kept on this machine.', {
  dir: Type.String({ minLength: 1, default: './data', description: 'Directory of the journal.' }),
  durability: Type.Enum(['off', 'process', 'power', 'database'], {
    default: 'process',
    description:
      'What an acknowledged record survives: the death of the process; a power cut, at the price of an fsync a group; the loss of the machine, since Postgres has committed it. With off nothing is recorded.',
  }),
  commit_timeout: duration('5s', 'Time that an answer waits for Postgres, where durability is database.'),
  journal_limit_bytes: count(4_294_967_296, 'Bytes that the rows of the journal may take.'),
  journal_full: Type.Optional(
    Type.Enum(['refuse', 'drop-oldest'], {
      description:
        'What gives way where the journal is full: new work, with a 503, or the oldest rows that were learned from. By default new work with a database, the oldest rows without.',
    }),
  ),
})

/** An address may be a secret as a whole, for its password. */
const orReference = (address: string) => `${address}|${SECRET_REFERENCE_PATTERN}`

const credential = (example: string, description: string) =>
  Type.Optional(
    Type.String({
      pattern: SECRET_REFERENCE_PATTERN,
      writeOnly: true,
      examples: [`env:${example.toUpperCase()}`, `vault:database/creds/atp#${example}`],
      description,
    }),
  )

const database = section('Where decisions and observations are kept for good.', {
  url: Type.Optional(
    Type.String({
      pattern: orReference('^postgres(?:ql)?://'),
      writeOnly: true,
      examples: ['postgres://user@host/database', 'env:PG_URL', 'vault:secret/postgres#url'],
      description:
        'Address of a Postgres database, or where it is kept; without one the journal is the database. In a file it has no password.',
    }),
  ),
  user: credential('username', "Where the user's name is, in place of the address's."),
  password: credential('password', "Where the user's password is, in place of the address's."),
})

const redis = section('What replicas of the gateway share, so that they act as one.', {
  url: Type.Optional(
    Type.String({
      pattern: orReference('^rediss?://'),
      writeOnly: true,
      examples: ['redis://host:6379', 'env:CACHE_URL', 'vault:secret/redis#url'],
      description:
        'Address of a Redis, or where it is kept; without one each process is on its own. In a file it has no password.',
    }),
  ),
  user: credential('username', "Where the user's name is, in place of the address's."),
  password: credential('password', "Where the user's password is, in place of the address's."),
  prefix: Type.String({
    pattern: '^[A-Za-z0-9._:-]{1,64}$',
    default: 'atp',
    description: 'What the names of all keys begin with: one for each gateway that shares the Redis.',
  }),
  exchange_interval: duration('1s', 'Time between two exchanges of what replicas have learned.'),
})

const limits = section('How tenants are held to their limits.', {
  replicas: count(
    1,
    'Replicas that are always taken to be there: one that starts while Redis is away enforces its part of so many.',
  ),
  timeout: duration(
    '50ms',
    'Time that a request waits for the limits that replicas share; then it is decided as its tenant wants while they are away.',
  ),
  lease: duration(
    '1m',
    'Time after which what a dead process had reserved counts as it was estimated; long answers renew it.',
  ),
})

const log = section('What is logged, as JSON lines on standard output.', {
  level: Type.Enum([...LOG_LEVELS], {
    default: 'info',
    description: 'The least grave lines that are logged.',
  }),
  requests: Type.Boolean({ default: false, description: 'Whether each request is logged, at level info.' }),
})

const upstream = section('How upstreams are called.', {
  connect_timeout: duration('5s', 'Time in which a connection must stand.'),
  first_token_timeout: duration(
    '30s',
    'Time in which the first content of a stream must come: a model that thinks in silence may need more.',
  ),
  idle_timeout: duration('30s', 'Time that may pass between two pieces of a stream.'),
  total_timeout: duration('10m', 'Time in which an answer must be complete.'),
  max_attempts: count(3, 'Calls of models that are made for one request.'),
  max_connections: count(256, 'Connections that are kept to one upstream.'),
  concurrency: ConcurrencySchema,
  retry_budget: RetryBudgetSchema,
  same_model: SameModelSchema,
  hedge: HedgeSchema,
})

const streams = section('How streamed answers reach their clients.', {
  hold_max: duration(
    '15s',
    'Time that the head of a streamed answer waits for its first content at most; then it goes out with status 200, and models are still tried.',
  ),
  ping_interval: duration(
    '10s',
    'Time between two comments that keep a connection open, from then on until the first content.',
  ),
  client_gone: Type.Enum(['cancel', 'drain-and-bill'], {
    default: 'cancel',
    description:
      'What becomes of a stream whose client leaves after its first content: it is cancelled, and billed by what was delivered; or it is read to its end, and billed by what its upstream reports.',
  }),
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
  total: duration(
    '30s',
    'Time after which the process has ended, whatever hangs; the lag is not part of it.',
  ),
  streams: optionalDuration(
    'Of the total: for requests, streams and sockets to end by themselves. By default 40%.',
  ),
  tasks: optionalDuration(
    'Of the total: for what runs in the background. By default half of what the streams leave; the components have the rest.',
  ),
})

export const ConfigSchema = Type.Object(
  {
    server,
    websocket,
    auth: AuthSchema,
    secrets: SecretsSchema,
    data,
    database,
    redis,
    limits,
    log,
    routing: RoutingSchema,
    breaker: BreakerSchema,
    upstream,
    streams,
    observation,
    judge,
    guardrails: GuardrailsSchema,
    shutdown,
    adapters: Type.Array(AdapterSchema, { default: [], description: 'The upstream accounts.' }),
  },
  { additionalProperties: false },
)

/** The configuration as it is written, with its defaults. */
export type WrittenConfig = Static<typeof ConfigSchema>
