/** What an answer says of itself, by the wire format's own words: nothing is guessed from its text but whether it is JSON. */
import type { Signal } from '@atp/domain/observation'

export interface AnswerSigns {
  readonly finishReason: string | null
  readonly refused: boolean
  /** The first choice's text; null where it is not known. */
  readonly text: () => string | null
}

type RequestFields = Readonly<Record<string, unknown>>

/** @returns null where it says nothing against itself */
export function signalOf(body: RequestFields, { finishReason, refused, text }: AnswerSigns): Signal | null {
  if (refused || finishReason === 'content_filter') return 'refusal'
  if (finishReason === 'length') return 'truncated'
  if (finishReason === 'stop' && asksForJson(body) && !isJson(text())) return 'invalid_json'
  return null
}

function asksForJson({ response_format }: RequestFields): boolean {
  const type = (response_format as { readonly type?: unknown } | null | undefined)?.type
  return type === 'json_object' || type === 'json_schema'
}

/** What is not known is not held against the model. */
function isJson(text: string | null): boolean {
  if (text === null) return true
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
