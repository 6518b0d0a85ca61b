/** The request as the upstream gets it: the client's own, but for the model's name, our options, and a limit that we impose. */
import type { ProviderCall, ResponseBody } from '@atp/domain/adapter'
import { ownBody } from '../request-body.ts'

export function responseBody(call: ProviderCall<ResponseBody>): string {
  const body = ownBody(call)
  const { maxOutputTokens: limit } = call
  if (limit !== undefined) body.max_output_tokens = Math.min(call.body.max_output_tokens ?? limit, limit)
  return JSON.stringify(body)
}
