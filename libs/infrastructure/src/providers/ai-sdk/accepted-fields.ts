/** Every field of a request has a fate: translated, of no effect on the answer, allowed where it asks for what happens anyway, or refused. */
import type { ChatBody } from '@atp/domain/adapter'
import { described, type Unsupported } from './unsupported.ts'

/** Handled elsewhere in this folder, or by the gateway. */
const TRANSLATED = new Set([
  'model',
  'messages',
  'atp',
  'stream',
  'stream_options',
  'max_tokens',
  'max_completion_tokens',
  'temperature',
  'top_p',
  'top_k',
  'stop',
  'seed',
  'presence_penalty',
  'frequency_penalty',
  'reasoning_effort',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'response_format',
])

/** They tell OpenAI whose request it is and how to cache it; the answer does not depend on them. */
const HARMLESS = new Set([
  'user',
  'metadata',
  'safety_identifier',
  'prompt_cache_key',
  'prompt_cache_retention',
])

interface Neutral {
  readonly is: (value: unknown) => boolean
  readonly allowed: string
}

/** What every upstream does anyway, so that it may be asked for. */
const NEUTRAL: Readonly<Record<string, Neutral>> = {
  n: { is: value => value === 1, allowed: '1: one choice an answer' },
  logprobs: { is: value => value === false, allowed: 'false: this upstream tells no probabilities' },
  top_logprobs: { is: value => value === 0, allowed: '0: this upstream tells no probabilities' },
  logit_bias: { is: isEmpty, allowed: 'no bias: this upstream takes none' },
  functions: { is: isEmpty, allowed: 'none; use tools' },
  function_call: { is: value => value === 'auto', allowed: 'none; use tool_choice' },
  modalities: {
    is: value => Array.isArray(value) && value.every(modality => modality === 'text'),
    allowed: '["text"]',
  },
  store: { is: value => value === false, allowed: 'false: nothing is stored' },
  service_tier: {
    is: value => value === 'auto' || value === 'default',
    allowed: '"auto" or "default"',
  },
  verbosity: { is: value => value === 'medium', allowed: '"medium": this upstream takes no other' },
}

export function refuseUnknownFields(body: ChatBody, unsupported: Unsupported): void {
  for (const [field, value] of Object.entries(body)) {
    // To OpenAI null is as good as absent.
    if (value == null || TRANSLATED.has(field) || HARMLESS.has(field)) continue
    const neutral = Object.hasOwn(NEUTRAL, field) ? NEUTRAL[field] : undefined
    if (neutral?.is(value) === true) continue
    unsupported.add(
      field.slice(0, 60),
      described(value),
      neutral?.allowed ?? 'nothing: this upstream has no such field',
    )
  }
}

/** Of a part of the body: all but these, and null, is refused. */
export function refuseOtherKeys(
  value: object,
  at: string,
  allowed: readonly string[],
  unsupported: Unsupported,
): void {
  for (const [key, found] of Object.entries(value)) {
    if (found == null || allowed.includes(key)) continue
    unsupported.add(`${at}.${key.slice(0, 60)}`, described(found), `only ${allowed.join(', ')}`)
  }
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}
