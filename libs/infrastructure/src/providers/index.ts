export { createOpenAiCompatibleProvider, type OpenAiCompatibleOptions } from './openai-compatible.ts'
export { countMessageTokens, countTokens } from './tokenizer.ts'
