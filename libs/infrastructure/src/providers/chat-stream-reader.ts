/**
 * Reads along in a stream of chat completion chunks, and takes out the usage chunk that only the gateway asked for; every other
 * byte passes as it came. A chunk that only carries text is never decoded: one search over its bytes tells that it is one.
 */
import { choicesOf, finishReasonOf, isError, parseAnswer, refusedIn } from './chat-completion.ts'
import { CR, eventEnd, LF } from './sse/event-splitter.ts'
import { parseEvent } from './sse/server-sent-event.ts'
import { latest, type ReportedUsage, readUsage } from './usage.ts'

/**
 * What an event must contain to be worth decoding. In a JSON string the quotes would be escaped, so text cannot look like it. JSON that is cut
 * into several `data` lines, wherever, is decoded too.
 */
const TELLING =
  /[^\r\n](?:\r\n?|\n)data|"(?:usage"\s*:\s*\{|(?:finish_reason|refusal)"\s*:\s*"[^"]|error"\s*:\s*[{"])|\[DONE\]|event: ?error/

export class ChatStreamReader {
  readonly #dropUsageChunk: boolean
  #usage: ReportedUsage | null = null
  #finishReason: string | null = null
  #refused = false
  #done = false
  #failed = false
  #isDropping = false

  constructor(options: { readonly dropUsageChunk: boolean }) {
    this.#dropUsageChunk = options.dropUsageChunk
  }

  get usage(): ReportedUsage | null {
    return this.#usage
  }

  get finishReason(): string | null {
    return this.#finishReason
  }

  /** The model said that it would not answer. */
  get refused(): boolean {
    return this.#refused
  }

  /** `[DONE]` has come: there is nothing more to say. */
  get done(): boolean {
    return this.#done
  }

  /** The upstream said that the answer is complete, and reported no error in it. */
  get complete(): boolean {
    return (this.#done || this.#finishReason !== null) && !this.#failed
  }

  /**
   * @param block whole events
   * @returns what the client gets of them; empty where nothing is left
   */
  read(block: Buffer): Buffer {
    if (this.#isDropping && block[0] === LF) return this.read(block.subarray(1))
    this.#isDropping = false
    if (!isTelling(block)) return block
    const kept: Buffer[] = []
    let keptFrom = 0
    for (let from = 0; from < block.length; ) {
      const end = eventEnd(block, from)
      if (this.#note(block.subarray(from, end)) === 'drop') {
        kept.push(block.subarray(keptFrom, from))
        keptFrom = end
        // The LF of its last line's end may still come.
        this.#isDropping = end === block.length && block[end - 1] === CR
      }
      from = end
    }
    if (keptFrom === 0) return block
    kept.push(block.subarray(keptFrom))
    return Buffer.concat(kept)
  }

  #note(bytes: Buffer): 'keep' | 'drop' {
    if (!isTelling(bytes)) return 'keep'
    const event = parseEvent(bytes)
    if (event.name === 'error') this.#failed = true
    if (event.data?.trim() === '[DONE]') this.#done = true
    const answer = event.data === null ? null : parseAnswer(event.data)
    if (answer === null) return 'keep'
    if (isError(answer)) this.#failed = true
    this.#finishReason = finishReasonOf(answer) ?? this.#finishReason
    if (refusedIn(answer)) this.#refused = true
    const usage = readUsage(answer.usage)
    if (usage === null) return 'keep'
    this.#usage = latest(this.#usage, usage)
    const onlyUsage = Array.isArray(answer.choices) && choicesOf(answer).length === 0
    return onlyUsage && this.#dropUsageChunk ? 'drop' : 'keep'
  }
}

function isTelling(bytes: Buffer): boolean {
  return TELLING.test(bytes.toString('latin1'))
}
