/** A streamed answer as our own server-sent events: `decision` first, `text` as it comes, `done` with the figures, or `error`. */
import type { StreamedAnswer } from '../corridor/corridor.ts'
import { answerFigures } from './answer-figures.ts'
import { asAtpError, problem } from './error-response.ts'

export async function* askEvents(answer: StreamedAnswer): AsyncGenerator<string, void, void> {
  yield event('decision', { decision_id: answer.id, model: answer.arm, attempts: answer.attempts })
  for await (const events of answer.events) {
    const text = textOf(events)
    if (text !== '') yield event('text', { text })
  }
  const { observation, finishReason } = answer.outcome()
  yield event('done', { finish_reason: finishReason, ...answerFigures(answer, observation) })
}

/** The last event of a stream that broke. */
export function askError(thrown: unknown): string {
  return event('error', problem(asAtpError(thrown)))
}

function event(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
}

interface Chunk {
  readonly choices?: readonly { readonly delta?: { readonly content?: string | null } }[]
}

/** The text in a buffer of whole chat completion chunks; what is not one says nothing. */
function textOf(events: Buffer): string {
  let text = ''
  for (const line of events.toString().split(/\r\n|\r|\n/)) {
    if (!line.startsWith('data:')) continue
    try {
      const chunk = JSON.parse(line.slice('data:'.length)) as Chunk
      text += chunk.choices?.[0]?.delta?.content ?? ''
    } catch {
      // `[DONE]`, or a line that the upstream garbled: no text either way.
    }
  }
  return text
}
