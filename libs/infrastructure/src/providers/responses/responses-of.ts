/** OpenAI's Responses of an upstream account, by its connections and its key. */
import type { Responses } from '@atp/domain/adapter'
import type { HeaderSet } from '../call-headers.ts'
import { type MadeOfSecrets, withCurrentKey } from '../made-of-secrets.ts'
import { StreamedAnswer } from '../streamed-answer.ts'
import type { Upstream } from '../upstream.ts'
import { responseBody } from './response-body.ts'
import { ResponseStream } from './response-stream.ts'
import { WholeResponse } from './whole-response.ts'

export function responsesOf(upstream: Upstream, headers: MadeOfSecrets<HeaderSet>): Responses {
  return {
    complete: async call => {
      const body = responseBody(call)
      return withCurrentKey(
        headers,
        ({ whole }) =>
          new Promise((resolve, reject) =>
            new WholeResponse(upstream, call, resolve, reject).send(whole, body),
          ),
      )
    },
    stream: async call => {
      const body = responseBody(call)
      const streamed = () => new ResponseStream(call.body)
      return withCurrentKey(
        headers,
        ({ stream }) =>
          new Promise((resolve, reject) =>
            new StreamedAnswer(upstream, call.signal, streamed(), resolve, reject).send(stream, body),
          ),
      )
    },
  }
}
