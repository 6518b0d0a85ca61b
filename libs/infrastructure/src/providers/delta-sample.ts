/** Keeps the beginning of a stream as it came: to estimate its tokens where the provider did not count, and to look at what it says. */
import { type ChatAnswer, choicesOf, parseAnswer, writtenText } from './chat-completion.ts'
import { eventEnd } from './sse/event-splitter.ts'
import { parseEvent } from './sse/server-sent-event.ts'
import { countTokens } from './tokenizer.ts'

/** About a thousand tokens as events: enough to extrapolate from, little enough for thousands of streams at once. */
const SAMPLE_BYTES = 256 * 1024

export class DeltaSample {
  readonly #textOf: (event: ChatAnswer) => string
  readonly #blocks: Buffer[] = []
  #sampledBytes = 0
  #totalBytes = 0

  /** @param textOf what an event says that is billed; of a chat's, where it is left out */
  constructor(textOf: (event: ChatAnswer) => string = writtenInChunk) {
    this.#textOf = textOf
  }

  get totalBytes(): number {
    return this.#totalBytes
  }

  add(block: Buffer): void {
    this.#totalBytes += block.length
    if (this.#sampledBytes >= SAMPLE_BYTES) return
    this.#blocks.push(block)
    this.#sampledBytes += block.length
  }

  /** Tokens of the whole stream, extrapolated by its bytes where the sample is only a part. */
  countTokens(): number {
    if (this.#totalBytes === 0) return 0
    let text = ''
    for (const event of this.#chunks()) text += this.#textOf(event)
    return Math.round((countTokens(text) * this.#totalBytes) / this.#sampledBytes)
  }

  /** The first choice's text; null where the stream was longer than what is kept. */
  text(): string | null {
    if (this.#sampledBytes < this.#totalBytes) return null
    let text = ''
    for (const answer of this.#chunks()) {
      for (const { index, delta } of choicesOf(answer)) {
        if ((index ?? 0) === 0 && typeof delta?.content === 'string') text += delta.content
      }
    }
    return text
  }

  *#chunks(): Generator<ChatAnswer> {
    for (const block of this.#blocks) {
      for (let from = 0; from < block.length; ) {
        const end = eventEnd(block, from)
        const { data } = parseEvent(block.subarray(from, end))
        const answer = data === null ? null : parseAnswer(data)
        if (answer !== null) yield answer
        from = end
      }
    }
  }
}

function writtenInChunk(chunk: ChatAnswer): string {
  let text = ''
  for (const { delta } of choicesOf(chunk)) text += writtenText(delta)
  return text
}
