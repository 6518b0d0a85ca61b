/** What it means for an answer of each kind that another was quicker. */
import type { Completion, CompletionStream, Phase } from '@atp/domain/adapter'
import type { Usage } from '@atp/domain/observation'

export interface Contest<Answer> {
  /** What a call has come to when it has won. */
  readonly until: Phase
  /** Cancels what is left of an answer that nobody reads. @returns what it came to until then */
  discard(answer: Answer): Promise<Usage>
}

export const STREAMED: Contest<CompletionStream> = {
  until: 'first_token',
  async discard(stream) {
    await stream.events[Symbol.asyncIterator]().return?.()
    return stream.summary().usage
  },
}

export const WHOLE: Contest<Completion> = {
  until: 'answer',
  discard: async ({ usage }) => usage,
}
