/** A streamed answer as our own events: `decision` first, `text` as it comes, `done` with the figures, or `error`. */
import type { StreamedAnswer } from '../corridor/corridor.ts'
import { answerFigures } from './answer-figures.ts'
import { chunksIn } from './chat-chunks.ts'
import { asAtpError, problem } from './error-response.ts'

export interface AskEvent {
  readonly name: 'decision' | 'text' | 'done'
  readonly data: Readonly<Record<string, unknown>>
}

export async function* askEvents(answer: StreamedAnswer): AsyncGenerator<AskEvent, void, void> {
  const { id, arm, attempts } = answer
  yield { name: 'decision', data: { decision_id: id, model: arm, attempts } }
  for await (const events of answer.events) {
    const text = textOf(events)
    if (text !== '') yield { name: 'text', data: { text } }
  }
  const { observation, finishReason } = answer.outcome()
  yield { name: 'done', data: { finish_reason: finishReason, ...answerFigures(answer, observation) } }
}

/** As server-sent events. */
export async function* serverSent(events: AsyncIterable<AskEvent>): AsyncGenerator<string, void, void> {
  for await (const { name, data } of events) yield event(name, data)
}

/** The last event of a stream that broke. */
export function askError(thrown: unknown): string {
  return event('error', problem(asAtpError(thrown)))
}

function event(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
}

/** The text in a buffer of whole chat completion chunks. */
function textOf(events: Buffer): string {
  let text = ''
  for (const { choices } of chunksIn(events)) text += choices?.[0]?.delta?.content ?? ''
  return text
}
