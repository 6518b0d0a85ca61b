/**
 * Token counts by a real tokenizer (o200k_base), for providers that send no figures and for limits that hang on them. It is
 * loaded at the first count, because it takes 0.1 s and 75 MB that most gateways never need. Cost is linear in the text and bounded.
 */
import { createRequire } from 'node:module'
import { type ChatBody, PROMPT_FIELDS } from '@atp/domain/adapter'

type Encoding = Pick<typeof import('gpt-tokenizer/encoding/o200k_base'), 'countTokens' | 'clearMergeCache'>

const require = createRequire(import.meta.url)

/** UTF-16 units up to which every one is counted; of a longer text, a sample this long is, spread evenly over it. */
const EXACT_UNITS = 256 * 1024
const SAMPLE_SLICES = 64

/**
 * How many tokens `text` is. Exact up to 256 Ki characters (but for runs of 128 letters or signs without a break, which are
 * counted in pieces, 1 or 2% too high); extrapolated from a sample beyond.
 */
export function countTokens(text: string): number {
  if (text === '') return 0
  if (text.length <= EXACT_UNITS) return countAll(text)
  const slice = EXACT_UNITS / SAMPLE_SLICES
  const stride = text.length / SAMPLE_SLICES
  let sample = ''
  for (let n = 0; n < SAMPLE_SLICES; n++) {
    const from = Math.floor(n * stride)
    sample += text.slice(from, from + slice)
  }
  return Math.round((countAll(sample) * text.length) / sample.length)
}

/** What OpenAI's chat format adds to each message, and to the whole; see their cookbook, "How to count tokens with tiktoken". */
const TOKENS_PER_MESSAGE = 3
const TOKENS_PER_ROLE = 1
const TOKENS_TO_PRIME_THE_ANSWER = 3
/** A part that is not text counts as an image of 1024 x 1024 in high detail does at OpenAI. */
export const TOKENS_PER_IMAGE = 765

/**
 * How many tokens a request is as a prompt: text, tools and their calls, the format of the answer as JSON, images at a flat rate,
 * and what the chat format adds.
 */
export function countPromptTokens(body: PromptBody): number {
  const texts: string[] = []
  let tokens = TOKENS_TO_PRIME_THE_ANSWER
  for (const field of PROMPT_FIELDS) {
    if (body[field] != null) texts.push(JSON.stringify(body[field]))
  }
  for (const message of body.messages) {
    tokens += TOKENS_PER_MESSAGE + TOKENS_PER_ROLE
    const { content } = message
    if (typeof content === 'string') texts.push(content)
    else if (Array.isArray(content)) {
      for (const part of content as readonly ({ readonly text?: unknown } | null)[]) {
        if (typeof part?.text === 'string') texts.push(part.text)
        else tokens += TOKENS_PER_IMAGE
      }
    }
    if (message.tool_calls != null) texts.push(JSON.stringify(message.tool_calls))
  }
  return tokens + countTextTokens(texts)
}

/** One count for many or long texts: it samples, so that no prompt holds up the event loop. */
export function countTextTokens(texts: readonly string[]): number {
  const units = texts.reduce((sum, { length }) => sum + length, 0)
  if (units > EXACT_UNITS || texts.length > MANY_TEXTS) return countTokens(texts.join('\n'))
  return texts.reduce((sum, text) => sum + countTokens(text), 0)
}

/** A chat completion request, as far as the prompt goes. */
export type PromptBody = Pick<ChatBody, 'messages' | (typeof PROMPT_FIELDS)[number]>

const MANY_TEXTS = 4096

/**
 * What the tokenizer would merge as one piece. Its merge is quadratic in the piece: a megabyte of `aaaa` would take hours.
 * The fourth class is a tail that it allows any piece of signs.
 */
const LONG_RUN = /[\p{L}\p{M}]{128,}|[^\s\p{L}\p{N}]{128,}|\s{128,}|[\r\n/]{128,}/gu
const RUN_PIECE = 64
/** Text such as `<|endoftext|>` is text here, not an instruction to the model. */
const NOTHING_SPECIAL = { disallowedSpecial: new Set<string>() }

function countAll(text: string): number {
  const encoding = require('gpt-tokenizer/encoding/o200k_base') as Encoding
  let tokens = 0
  let from = 0
  for (const { 0: run, index } of text.matchAll(LONG_RUN)) {
    tokens += encoding.countTokens(text.slice(from, index), NOTHING_SPECIAL)
    from = index + run.length
    for (let at = index; at < from; ) {
      const to = Math.min(pieceEnd(text, at), from)
      tokens += encoding.countTokens(text.slice(at, to), NOTHING_SPECIAL)
      at = to
    }
  }
  tokens += encoding.countTokens(from === 0 ? text : text.slice(from), NOTHING_SPECIAL)
  // Its cache keys are slices that would keep whole prompts alive.
  encoding.clearMergeCache()
  return tokens
}

/** Not between the halves of a surrogate pair. */
function pieceEnd(text: string, from: number): number {
  const end = from + RUN_PIECE
  const last = text.charCodeAt(end - 1)
  return last >= 0xd800 && last < 0xdc00 ? end + 1 : end
}
