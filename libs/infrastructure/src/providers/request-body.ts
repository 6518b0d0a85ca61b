/** The request as the upstream gets it: the client's own, but for the model's name, our options, and what routing imposes. */
import type { ProviderCall } from '@atp/domain/adapter'

export interface StreamingOptions {
  /** Ask for a usage chunk, whatever the client asked. */
  readonly askForUsage: boolean
}

/** What the upstream calls the limit on an answer's tokens. */
export type OutputLimitField = 'max_completion_tokens' | 'max_tokens'

/**
 * @param streaming null for a whole answer
 * @param limitField what the upstream calls a limit on the answer's tokens
 */
export function requestBody(
  call: ProviderCall,
  streaming: StreamingOptions | null,
  limitField: OutputLimitField = 'max_completion_tokens',
): string {
  const body = ownBody(call)
  if (streaming !== null) {
    body.stream = true
    if (streaming.askForUsage) {
      body.stream_options = { ...call.body.stream_options, include_usage: true }
    }
  } else if (call.body.stream) {
    body.stream = false
    body.stream_options = undefined
  }
  if (limitField === 'max_tokens') callAsOfOld(body)
  if (call.maxOutputTokens !== undefined) limitOutput(body, call.maxOutputTokens, limitField)
  return JSON.stringify(body)
}

/** A shallow copy: what is in it is serialized where it is, and a field set to undefined is left out. */
export function ownBody({
  body,
  upstreamModel,
}: Pick<ProviderCall<Readonly<Record<string, unknown>>>, 'body' | 'upstreamModel'>): Record<string, unknown> {
  return { ...body, model: upstreamModel, atp: undefined }
}

/** An upstream that knows only the older name would not hold to a limit under the newer. */
function callAsOfOld(body: Record<string, unknown>): void {
  const limit = body.max_completion_tokens
  if (typeof limit !== 'number') return
  body.max_tokens = typeof body.max_tokens === 'number' ? Math.min(body.max_tokens, limit) : limit
  body.max_completion_tokens = undefined
}

/** Lowers the limits that the client set; sets one where it set none. */
function limitOutput(body: Record<string, unknown>, limit: number, limitField: OutputLimitField): void {
  let limited = false
  for (const field of ['max_tokens', 'max_completion_tokens']) {
    const own = body[field]
    if (typeof own !== 'number') continue
    body[field] = Math.min(own, limit)
    limited = true
  }
  if (!limited) body[limitField] = limit
}
