/** What each kind of request asks of a provider. That it can be asked, the registry has seen to: by its models' capabilities. */
import type {
  ChatBody,
  Completion,
  CompletionStream,
  EmbeddingAnswer,
  EmbeddingBody,
  Provider,
  ResponseAnswer,
  ResponseBody,
  Responses,
} from '@atp/domain/adapter'
import type { Ask } from './race.ts'

export function completes(body: ChatBody): Ask<Completion> {
  return (provider, terms) => provider.complete({ ...terms, body })
}

export function streams(body: ChatBody): Ask<CompletionStream> {
  return (provider, terms) => provider.stream({ ...terms, body })
}

export function embeds(body: EmbeddingBody): Ask<EmbeddingAnswer> {
  return async (provider, terms) => {
    if (provider.embed === undefined) throw new Error('an embedding model whose provider does not embed')
    return provider.embed({ ...terms, body })
  }
}

export function responds(body: ResponseBody): Ask<ResponseAnswer> {
  return async (provider, terms) => responsesOf(provider).complete({ ...terms, body })
}

export function streamsResponse(body: ResponseBody): Ask<CompletionStream> {
  return async (provider, terms) => responsesOf(provider).stream({ ...terms, body })
}

function responsesOf({ responses }: Provider): Responses {
  if (responses === undefined) throw new Error('a model of Responses whose provider does not speak them')
  return responses
}
