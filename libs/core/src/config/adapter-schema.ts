/** The schema of one entry of `adapters`: an upstream account and its models. */
import { type Static, Type } from 'typebox'
import { POSITIVE_DURATION_PATTERN } from './duration.ts'
import { HEADER_VALUE_PATTERN } from './header-rules.ts'
import { PRESET_NAMES } from './preset-names.ts'
import { REFERENCE_EXAMPLES, SECRET_REFERENCE_PATTERN } from './secret-reference.ts'

export const CAPABILITIES = [
  'tools',
  'json_mode',
  'structured_outputs',
  'vision',
  'streaming',
  'embeddings',
  'reasoning',
  'audio_input',
  'pdf',
] as const

/** What a provider's API speaks: OpenAI's format, or one of its own. */
export const ADAPTER_KINDS = ['openai-compatible', 'anthropic', 'google', 'bedrock', 'cohere'] as const

const SecretAt = (description: string) =>
  Type.Optional(
    Type.String({
      pattern: SECRET_REFERENCE_PATTERN,
      writeOnly: true,
      examples: REFERENCE_EXAMPLES,
      description,
    }),
  )

const UsdPerMtok = (direction: string) =>
  Type.Optional(
    Type.Number({
      minimum: 0,
      maximum: 1_000_000,
      description: `Price of a million ${direction} tokens in US dollars; by default the catalogue's, and without one it is needed.`,
    }),
  )

const QualityPrior = Type.Object(
  {
    mean: Type.Number({
      minimum: 0.001,
      maximum: 0.999,
      default: 0.7,
      description:
        'Expected quality: between 0 and 1, and neither, because nothing is certain before it was seen.',
    }),
    strength: Type.Number({
      minimum: 0.01,
      maximum: 1_000_000,
      default: 2,
      description: 'How many observations the expectation is worth.',
    }),
  },
  {
    additionalProperties: false,
    default: {},
    description: 'What is believed of the quality before anything was observed.',
  },
)

const Model = Type.Object(
  {
    name: Type.String({
      minLength: 1,
      maxLength: 200,
      description: 'The name by which clients ask for the model; with the adapter id it names the arm.',
    }),
    upstream_model: Type.Optional(
      Type.String({ minLength: 1, description: 'The name that the upstream knows, where it is another.' }),
    ),
    input_usd_per_mtok: UsdPerMtok('input'),
    output_usd_per_mtok: UsdPerMtok('output'),
    context_window: Type.Integer({
      minimum: 1,
      default: 128_000,
      description: 'Tokens that prompt and answer may have together.',
    }),
    max_output_tokens: Type.Integer({
      minimum: 1,
      default: 16_384,
      description: 'Tokens that one answer may have.',
    }),
    capabilities: Type.Array(Type.Enum([...CAPABILITIES]), {
      uniqueItems: true,
      default: ['tools', 'json_mode', 'streaming'],
      description:
        'What the model can do; a request that needs more is not sent to it. One with embeddings makes vectors of texts, and answers no chats.',
    }),
    quality_prior: QualityPrior,
    expected_output_tokens: Type.Integer({
      minimum: 1,
      default: 300,
      description: 'Length of an answer, assumed until answers were seen.',
    }),
    canary_share: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 1,
        examples: [0.05],
        description:
          'Most of the routed requests that it may get, for a model that is new; without it, as many as it deserves.',
      }),
    ),
    expected_latency: Type.String({
      pattern: POSITIVE_DURATION_PATTERN,
      default: '1s',
      examples: ['800ms', '2s'],
      description: 'Time to a whole answer, assumed until answers were seen.',
    }),
  },
  { additionalProperties: false, description: 'A model that the adapter serves.' },
)

export const AdapterSchema = Type.Object(
  {
    id: Type.String({
      pattern: '^[a-z0-9][a-z0-9-]*$',
      maxLength: 100,
      description: 'Names the adapter: small letters, digits and hyphens.',
    }),
    kind: Type.Enum([...ADAPTER_KINDS], {
      default: 'openai-compatible',
      description: 'The wire format that the upstream speaks.',
    }),
    preset: Type.Optional(
      Type.Enum([...PRESET_NAMES], {
        description:
          'A known upstream of the kind openai-compatible: where it is and in what it differs, but for what is said here; and whose prices its models have.',
      }),
    ),
    base_url: Type.Optional(
      Type.String({
        format: 'uri',
        pattern: '^https?://[^/?#]',
        examples: ['https://api.openai.com/v1'],
        description:
          "Where the upstream is: the part of the address before /chat/completions; by default the preset's. Kinds other than openai-compatible have one of their own.",
      }),
    ),
    api_version: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9.-]+$',
        examples: ['2024-10-21'],
        description:
          "Sent with each call as the query api-version: what Azure's addresses per deployment ask for.",
      }),
    ),
    api_key: SecretAt(
      'Where the key is: in an environment variable, a file, Vault, or one of secrets.sources; never the key itself.',
    ),
    auth_header: Type.String({
      pattern: '^[A-Za-z0-9-]+$',
      default: 'authorization',
      examples: ['api-key'],
      description:
        'The header that carries api_key: authorization with Bearer before it, any other as it is.',
    }),
    needs_key: Type.Boolean({
      default: false,
      description: 'Whether the gateway refuses to start without an api_key for it.',
    }),
    region: Type.Optional(
      Type.String({
        pattern: '^[a-z0-9-]+$',
        maxLength: 40,
        examples: ['eu-central-1'],
        description: 'For bedrock: the AWS region that calls go to.',
      }),
    ),
    access_key_id: SecretAt(
      'For bedrock without an api_key: where the id of the AWS key is that calls are signed with.',
    ),
    secret_access_key: SecretAt('For bedrock: where the secret of that AWS key is.'),
    session_token: SecretAt(
      'For bedrock: where the session token is that belongs to that AWS key, if it is a passing one.',
    ),
    headers: Type.Optional(
      Type.Record(
        Type.String({ pattern: '^[A-Za-z0-9_-]+$' }),
        Type.String({ pattern: HEADER_VALUE_PATTERN, writeOnly: true }),
        {
          additionalProperties: false,
          description:
            'Further headers that each call to the upstream carries; one whose name is that of a secret (api-key) takes a reference.',
        },
      ),
    ),
    output_limit_field: Type.Enum(['max_completion_tokens', 'max_tokens'], {
      default: 'max_completion_tokens',
      description:
        'What the upstream calls the limit on an answer: sent where a cost ceiling sets one and the client did not.',
    }),
    responses: Type.Boolean({
      default: false,
      description:
        "Whether the upstream speaks OpenAI's Responses: then /v1/responses passes through to its models.",
    }),
    stream_usage: Type.Boolean({
      default: true,
      description: 'Whether the upstream understands stream_options.include_usage.',
    }),
    models: Type.Array(Model, { minItems: 1, description: 'The models that the adapter serves.' }),
  },
  { additionalProperties: false, description: 'An upstream account: where it is, its key and its models.' },
)

export type AdapterSchema = Static<typeof AdapterSchema>
