/**
 * What is known of upstreams that speak OpenAI's format, by the name of each: where it is, and in what it differs. Data: each value with
 * the page that it was read from. What a preset does not say is as the configuration's defaults have it.
 */
import type { AdapterSchema, CAPABILITIES } from './adapter-schema.ts'
import type { PRESET_NAMES } from './preset-names.ts'

export type PresetName = (typeof PRESET_NAMES)[number]

/** A value, and the page that says so. */
export interface Quirk<Value> {
  readonly value: Value
  readonly docs: string
}

/** The keys of an adapter that a preset may fill. */
export const PRESET_KEYS = [
  'base_url',
  'auth_header',
  'needs_key',
  'output_limit_field',
  'stream_usage',
  'responses',
] as const

type Quirks = {
  readonly [Key in (typeof PRESET_KEYS)[number]]?: Quirk<NonNullable<AdapterSchema[Key]>>
}

export interface Preset extends Quirks {
  /** Whether a key is needed is said of each. */
  readonly needs_key: Quirk<boolean>
  /** What its models cannot do there, whatever a catalogue says of them. */
  readonly lacks?: Quirk<readonly (typeof CAPABILITIES)[number][]>
}

/** When the pages were read; those of openai, xai, vllm and llamacpp could not be that day, and are named for whoever checks. */
export const PRESETS_READ_ON = '2026-11-28'

const AZURE = 'https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle'
const DEEPSEEK = 'https://api-docs.deepseek.com/api/create-chat-completion'
const FIREWORKS = 'https://docs.fireworks.ai/tools-sdks/openai-compatibility'
const GROQ = 'https://console.groq.com/docs/openai'
const LLAMA_CPP = 'https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md'
const MISTRAL = 'https://docs.mistral.ai/api/endpoint/chat'
const OLLAMA = 'https://docs.ollama.com/api/openai-compatibility'
const OPENAI = 'https://platform.openai.com/docs/api-reference/chat/create'
const OPENROUTER = 'https://openrouter.ai/docs/api-reference/overview'
const TOGETHER = 'https://docs.together.ai/docs/inference/openai-compatibility'
const VLLM = 'https://docs.vllm.ai/en/stable/serving/openai_compatible_server/'
const XAI = 'https://docs.x.ai/docs/api-reference'

const quirk = <Value>(value: Value, docs: string): Quirk<Value> => ({ value, docs })

export const PRESETS: Readonly<Record<PresetName, Preset>> = {
  openai: {
    base_url: quirk('https://api.openai.com/v1', OPENAI),
    needs_key: quirk(true, OPENAI),
    responses: quirk(true, 'https://platform.openai.com/docs/api-reference/responses/create'),
  },
  // Each account has an address of its own: https://NAME.openai.azure.com/openai/v1, which needs no api_version.
  'azure-openai': {
    auth_header: quirk('api-key', AZURE),
    needs_key: quirk(true, AZURE),
    responses: quirk(true, AZURE),
  },
  groq: {
    base_url: quirk('https://api.groq.com/openai/v1', GROQ),
    needs_key: quirk(true, GROQ),
    responses: quirk(true, GROQ),
  },
  // Its streams end with their usage unasked, and fields that it does not know are refused.
  mistral: {
    base_url: quirk('https://api.mistral.ai/v1', MISTRAL),
    needs_key: quirk(true, MISTRAL),
    output_limit_field: quirk('max_tokens', MISTRAL),
    stream_usage: quirk(
      false,
      'https://docs.mistral.ai/resources/release-note/2024-01-16-token-usage-in-streaming-requests',
    ),
  },
  deepseek: {
    base_url: quirk('https://api.deepseek.com/v1', 'https://api-docs.deepseek.com/'),
    needs_key: quirk(true, 'https://api-docs.deepseek.com/'),
    output_limit_field: quirk('max_tokens', DEEPSEEK),
    // Its response_format is text or json_object.
    lacks: quirk(['structured_outputs'], DEEPSEEK),
  },
  together: {
    base_url: quirk('https://api.together.ai/v1', TOGETHER),
    needs_key: quirk(true, TOGETHER),
    output_limit_field: quirk('max_tokens', TOGETHER),
  },
  openrouter: {
    base_url: quirk('https://openrouter.ai/api/v1', OPENROUTER),
    needs_key: quirk(true, OPENROUTER),
    output_limit_field: quirk('max_tokens', OPENROUTER),
  },
  fireworks: {
    base_url: quirk('https://api.fireworks.ai/inference/v1', FIREWORKS),
    needs_key: quirk(true, FIREWORKS),
    output_limit_field: quirk('max_tokens', FIREWORKS),
  },
  xai: {
    base_url: quirk('https://api.x.ai/v1', XAI),
    needs_key: quirk(true, XAI),
  },
  vllm: {
    base_url: quirk('http://127.0.0.1:8000/v1', VLLM),
    needs_key: quirk(false, VLLM),
    output_limit_field: quirk('max_tokens', VLLM),
  },
  ollama: {
    base_url: quirk('http://127.0.0.1:11434/v1', OLLAMA),
    needs_key: quirk(false, OLLAMA),
    output_limit_field: quirk('max_tokens', OLLAMA),
  },
  llamacpp: {
    base_url: quirk('http://127.0.0.1:8080/v1', LLAMA_CPP),
    needs_key: quirk(false, LLAMA_CPP),
    output_limit_field: quirk('max_tokens', LLAMA_CPP),
  },
}

/** @param name as it was written, of any kind */
export function presetOf(name: unknown): Preset | undefined {
  return typeof name === 'string' && Object.hasOwn(PRESETS, name) ? PRESETS[name as PresetName] : undefined
}
