/** A call whose answer is a list of vectors: its bytes are kept as they are. Only what stands around the vectors is read. */
import type { EmbeddingAnswer, EmbeddingCall, UpstreamError } from '@atp/domain/adapter'
import { countEmbeddingTokens } from './embedding-tokens.ts'
import type { Upstream } from './upstream.ts'
import { countOrNull } from './usage.ts'
import { WholeBody } from './whole-body.ts'

/** 2,048 vectors of 3,072 figures, the most that OpenAI gives, take some 140 MiB as text. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024

export class EmbeddingList extends WholeBody<EmbeddingAnswer> {
  readonly #call: EmbeddingCall

  constructor(
    upstream: Upstream,
    call: EmbeddingCall,
    resolve: (answer: EmbeddingAnswer) => void,
    reject: (error: UpstreamError) => void,
  ) {
    super({ upstream, signal: call.signal, maxBytes: MAX_ANSWER_BYTES }, resolve, reject)
    this.#call = call
  }

  protected read(bytes: Buffer): EmbeddingAnswer | null {
    if (!IS_OBJECT.test(bytes.toString('latin1', 0, MOST_SPACE))) {
      this.malformed('something else than a JSON object')
    } else if (!fieldIn(bytes, 'data', bytes.indexOf('"data"')).startsWith('[')) {
      if (bytes.includes('"error"')) this.errorUnderSuccess(bytes)
      else this.malformed('JSON that is no list of embeddings')
    } else {
      const inputTokens = reportedTokens(bytes)
      return {
        contentType: this.contentType,
        bytes,
        usage: {
          inputTokens: inputTokens ?? countEmbeddingTokens(this.#call.body.input),
          outputTokens: 0,
          estimated: inputTokens === null,
        },
      }
    }
    return null
  }
}

/** Vectors are megabytes of figures: to parse them for two tokens counts would hold up every other answer. In them no name can stand. */
function reportedTokens(bytes: Buffer): number | null {
  const text = fieldIn(bytes, 'usage', bytes.lastIndexOf('"usage"'))
  const usage = objectAtStart(text)
  return countOrNull(usage?.prompt_tokens) ?? countOrNull(usage?.total_tokens)
}

/** Some providers give the sum alone, which is the same where nothing is written. */
interface EmbeddingUsage {
  readonly prompt_tokens?: unknown
  readonly total_tokens?: unknown
}

const MOST_SPACE = 64
const IS_OBJECT = /^\s*\{/
/** Of a field's value, as far as it is read. */
const MOST_OF_FIELD = 4096

/** The text of a value from its first character on; empty where the name is no field's. */
function fieldIn(bytes: Buffer, name: string, at: number): string {
  if (at < 0) return ''
  const from = at + name.length + 2
  const [, value = ''] = /^\s*:\s*(.*)$/s.exec(bytes.toString('utf8', from, from + MOST_OF_FIELD)) ?? []
  return value
}

function objectAtStart(text: string): EmbeddingUsage | null {
  let depth = 0
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '{') depth += 1
    else if (text[at] === '}') depth -= 1
    if (depth === 0) return parsed(text.slice(0, at + 1))
  }
  return null
}

function parsed(json: string): EmbeddingUsage | null {
  try {
    return JSON.parse(json)
  } catch {
    return null
  }
}
