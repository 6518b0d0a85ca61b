export type {
  ChatBody,
  ChatMessage,
  Completion,
  CompletionStream,
  Provider,
  ProviderCall,
  StreamSummary,
  UpstreamFailure,
} from './provider.ts'
export { UpstreamError } from './provider.ts'
