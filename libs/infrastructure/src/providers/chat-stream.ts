/** What is read of a streamed chat completion on its way. */
import type { ChatBody, StreamSummary } from '@atp/domain/adapter'
import type { Usage } from '@atp/domain/observation'
import { ChatStreamReader } from './chat-stream-reader.ts'
import { DeltaSample } from './delta-sample.ts'
import { type Beginning, beginningOf } from './first-content.ts'
import type { StreamFormat } from './streamed-answer.ts'
import { atLeast, usageOf } from './usage.ts'

export class ChatStream implements StreamFormat {
  readonly #body: ChatBody
  readonly #reader: ChatStreamReader
  readonly #sample = new DeltaSample()
  /** Of the stream, up to its last report of usage. */
  #bytesReported = 0

  /** @param dropUsageChunk where only the gateway asked for it */
  constructor(body: ChatBody, dropUsageChunk: boolean) {
    this.#body = body
    this.#reader = new ChatStreamReader({ dropUsageChunk })
  }

  get done(): boolean {
    return this.#reader.done
  }

  beginningOf(block: Buffer): Beginning {
    return beginningOf(block)
  }

  read(block: Buffer): Buffer {
    this.#sample.add(block)
    const reported = this.#reader.usage
    const kept = this.#reader.read(block)
    if (this.#reader.usage !== reported) this.#bytesReported = this.#sample.totalBytes
    return kept
  }

  summary(): StreamSummary {
    const { finishReason, refused, complete } = this.#reader
    return { usage: this.#usage(), finishReason, refused, complete }
  }

  text(): string | null {
    return this.#sample.text()
  }

  #usage(): Usage {
    const usage = usageOf(this.#reader.usage, this.#body, () => this.#sample.countTokens())
    const isAllReported = this.#reader.complete || this.#bytesReported === this.#sample.totalBytes
    return isAllReported || usage.estimated ? usage : atLeast(usage, this.#sample.countTokens())
  }
}
