/** One request over a socket: the same way through the corridor as over HTTP, its answer in frames. */
import type { AnswerHead, Corridor } from '../../corridor/corridor.ts'
import type { Exchange } from '../../corridor/exchange.ts'
import { limitHeaders } from '../../limits/limit-headers.ts'
import { answerFigures } from '../answer-figures.ts'
import { askEvents } from '../ask-events.ts'
import { guardHeaders } from '../guard-headers.ts'
import type { ServerFrame } from './frames.ts'

/** However far it is read: once it has returned, the request is settled. @throws {AtpError} where there is no answer, or it broke off */
export async function* askFrames(
  corridor: Corridor,
  exchange: Exchange,
  id: string,
): AsyncGenerator<ServerFrame, void, void> {
  if (exchange.body.stream !== true) {
    const answer = await corridor.complete(exchange)
    const { text, finishReason } = answer.completion
    const figures = answerFigures(answer, answer.observation)
    yield { type: 'answer', id, text, finish_reason: finishReason, ...figures, ...headersOf(answer) }
    return
  }
  const answer = await corridor.stream(exchange)
  try {
    for await (const { name, data } of askEvents(answer)) {
      yield { type: name, id, ...data, ...(name === 'decision' ? headersOf(answer) : {}) }
    }
  } finally {
    await answer.close()
  }
}

function headersOf({ levels, masked }: AnswerHead): Pick<ServerFrame, 'headers'> {
  const headers = { ...guardHeaders(masked), ...limitHeaders(levels) }
  return Object.keys(headers).length === 0 ? {} : { headers }
}
