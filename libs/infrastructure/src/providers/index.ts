export { createOpenAiCompatibleProvider, type OpenAiCompatibleOptions } from './openai-compatible.ts'
export { countPromptTokens, countTokens, type PromptBody } from './tokenizer.ts'
