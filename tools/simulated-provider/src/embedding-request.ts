/** What is read of an embedding request; what is wrong with it is said as OpenAI says it. */
import { invalid, parseJson, wrongType } from './chat-request.ts'

export interface EmbeddingRequest {
  readonly model: string
  /** At least one, none of them empty. */
  readonly texts: readonly string[]
  readonly encoding: 'float' | 'base64'
}

/** @throws {OpenAiError} 400 */
export function parseEmbeddingRequest(bytes: Buffer): EmbeddingRequest {
  const { model, input, encoding_format: encoding = 'float' } = parseJson(bytes)
  if (typeof model !== 'string') throw wrongType('model', 'a string', model)
  const texts: unknown = typeof input === 'string' ? [input] : input
  if (!Array.isArray(texts) || texts.some(text => typeof text !== 'string')) {
    throw wrongType('input', 'a string or an array of strings', input)
  }
  if (texts.length === 0 || texts.includes('')) {
    throw invalid('input', "Invalid 'input': input cannot be an empty string.")
  }
  if (encoding !== 'float' && encoding !== 'base64') {
    throw invalid(
      'encoding_format',
      `Invalid value: '${encoding}'. Supported values are: 'float' and 'base64'.`,
    )
  }
  return { model, texts, encoding }
}
