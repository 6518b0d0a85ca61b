export {
  type AiSdkKind,
  type AiSdkOptions,
  createAiSdkProvider,
  type SigningSecrets,
} from './ai-sdk-provider.ts'
export { countEmbeddingTokens } from './embedding-tokens.ts'
export { createOpenAiCompatibleProvider, type OpenAiCompatibleOptions } from './openai-compatible.ts'
export { createOpenAiCompatibleEmbedder, type OpenAiEmbedderOptions } from './openai-embedder.ts'
export { countResponseTokens } from './responses/response-tokens.ts'
export { countPromptTokens, countTokens, type PromptBody } from './tokenizer.ts'
