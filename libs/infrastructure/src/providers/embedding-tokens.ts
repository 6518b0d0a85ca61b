/** How many tokens the texts of an embedding request are: counted where they are texts, known where the client sent tokens. */
import type { EmbeddingInput } from '@atp/domain/adapter'
import { countTextTokens, countTokens } from './tokenizer.ts'

export function countEmbeddingTokens(input: EmbeddingInput): number {
  if (typeof input === 'string') return countTokens(input)
  const texts: string[] = []
  let tokens = 0
  for (const each of input) {
    if (typeof each === 'string') texts.push(each)
    else tokens += typeof each === 'number' ? 1 : each.length
  }
  return tokens + countTextTokens(texts)
}
