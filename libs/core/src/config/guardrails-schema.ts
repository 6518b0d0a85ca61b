/** What prompts and answers are looked at for, before they pass the door. */
import { Type } from 'typebox'
import { section } from './schema-parts.ts'

const MODES = ['off', 'report', 'mask', 'block'] as const

const mode = (what: string) =>
  Type.Enum([...MODES], {
    default: 'off',
    description: `What is done about it in ${what}: nothing, count it, put a placeholder in its place, or refuse the whole.`,
  })

const limit = (description: string) => Type.Optional(Type.Integer({ minimum: 1, description }))

const PII_KINDS = ['email', 'phone', 'card', 'iban', 'ip', 'national_id'] as const

const pii = section('Personal data, found by form and checksum.', {
  input: mode('prompts'),
  output: mode('answers'),
  kinds: Type.Array(Type.Enum([...PII_KINDS]), {
    default: [...PII_KINDS],
    minItems: 1,
    description: 'What is looked for.',
  }),
  phone_countries: Type.Array(Type.String({ pattern: '^[A-Z]{2}$' }), {
    default: [],
    maxItems: 8,
    examples: [['DE', 'FR']],
    description:
      "Countries (ISO 3166-1) whose telephone numbers count as they are written there; with their country's code all of them do.",
  }),
})

const Rule = Type.Object(
  {
    name: Type.String({
      pattern: '^[a-z][a-z0-9_]{0,31}$',
      description: 'What it is called in errors, metrics and placeholders.',
    }),
    pattern: Type.String({
      minLength: 1,
      maxLength: 1024,
      examples: ['(?i)\\bproject\\s+falcon\\b'],
      description: 'An expression of RE2: without backreferences and without lookaround.',
    }),
  },
  { additionalProperties: false },
)

const patterns = section('What expressions of your own match.', {
  input: mode('prompts'),
  output: mode('answers'),
  rules: Type.Array(Rule, { default: [], maxItems: 64, description: 'What is looked for.' }),
  span: Type.Integer({
    minimum: 16,
    maximum: 4096,
    default: 128,
    description:
      'Characters of an answer that a match may span. Of a stream so many are held back, and up to as many again.',
  }),
})

const promptSize = section('How large a prompt may be.', {
  input: Type.Enum(['off', 'report', 'block'], {
    default: 'off',
    description: 'What is done about a larger one: nothing, count it, or refuse it.',
  }),
  max_tokens: limit("Tokens, as OpenAI's tokenizer counts them."),
  max_bytes: limit('Bytes of what the prompt is made of; an image counts as 4096.'),
  max_messages: limit('Messages.'),
})

export const GuardrailsSchema = section(
  'What prompts and answers are looked at for, in this order. Each is off until it is told what to do.',
  { prompt_size: promptSize, patterns, pii },
)
