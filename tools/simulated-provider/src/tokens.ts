/** A stand-in for a tokenizer: pieces of at most eight letters that join to the text again. */

/** @returns pieces whose concatenation is the text */
export function tokenize(text: string): string[] {
  return text.match(/\s*[\p{L}\p{N}]{1,8}|\s*[^\s\p{L}\p{N}]|\s+/gu) ?? []
}

const BYTES_PER_TOKEN = 4
const TOKENS_PER_MESSAGE = 4

/** Prompt tokens, estimated from the texts of the messages. */
export function countPromptTokens(texts: readonly string[]): number {
  return countTokens(texts) + texts.length * TOKENS_PER_MESSAGE
}

/** Tokens of texts that are no messages, estimated. */
export function countTokens(texts: readonly string[]): number {
  return Math.ceil(texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0) / BYTES_PER_TOKEN)
}
