/** Reads along in a stream of OpenAI's Responses; every byte passes as it came. Only events that may end it are decoded. */
import type { ResponseBody, StreamSummary } from '@atp/domain/adapter'
import { isError, parseAnswer } from '../chat-completion.ts'
import { DeltaSample } from '../delta-sample.ts'
import { type Beginning, firstThatTells } from '../first-content.ts'
import { eventEnd } from '../sse/event-splitter.ts'
import { parseEvent, type ServerSentEvent } from '../sse/server-sent-event.ts'
import type { StreamFormat } from '../streamed-answer.ts'
import type { ReportedUsage } from '../usage.ts'
import { readResponseUsage, responseUsageOf } from './response-tokens.ts'

export class ResponseStream implements StreamFormat {
  readonly #body: ResponseBody
  readonly #sample = new DeltaSample(textOf)
  #usage: ReportedUsage | null = null
  #complete = false
  #done = false

  constructor(body: ResponseBody) {
    this.#body = body
  }

  get done(): boolean {
    return this.#done
  }

  beginningOf(block: Buffer): Beginning {
    return firstThatTells(block, kindOf)
  }

  read(block: Buffer): Buffer {
    this.#sample.add(block)
    if (ENDING.test(block.toString('latin1'))) this.#note(block)
    return block
  }

  /** Text cannot look like it: its quotes would be escaped. */
  readonly isLast = (events: Buffer): boolean => COMPLETE.some(name => events.includes(name))

  summary(): StreamSummary {
    const usage = responseUsageOf(this.#usage, this.#body, () => this.#sample.countTokens())
    return { usage, finishReason: null, refused: false, complete: this.#complete }
  }

  /** Nobody judges it. */
  text(): null {
    return null
  }

  #note(block: Buffer): void {
    for (let from = 0; from < block.length; ) {
      const end = eventEnd(block, from)
      const { data } = parseEvent(block.subarray(from, end))
      const event = data === null ? null : (parseAnswer(data) as ResponseEvent | null)
      from = end
      if (event === null || !ENDINGS.has(event.type)) continue
      this.#done = true
      this.#complete = event.type === 'response.completed' || event.type === 'response.incomplete'
      this.#usage = readResponseUsage(event.response?.usage) ?? this.#usage
    }
  }
}

interface ResponseEvent {
  readonly type?: unknown
  readonly delta?: unknown
  readonly error?: unknown
  readonly response?: { readonly usage?: unknown } | null
}

const ENDING = /"type"\s*:\s*"(?:response\.(?:completed|incomplete|failed)|error)"/
const ENDINGS = new Set<unknown>(['response.completed', 'response.incomplete', 'response.failed', 'error'])
const COMPLETE = ['"response.completed"', '"response.incomplete"'].map(name => Buffer.from(name))
/** They say that the request has arrived. */
const BEFORE = new Set<unknown>(['response.created', 'response.queued', 'response.in_progress'])

function kindOf({ name, data }: ServerSentEvent): Beginning['is'] {
  if (data === null || data.trim() === '') return 'nothing'
  if (name === 'error') return 'error'
  const event = parseAnswer(data) as ResponseEvent | null
  if (event === null) return 'garbage'
  if (isError(event) || event.type === 'error' || event.type === 'response.failed') return 'error'
  return BEFORE.has(event.type) ? 'nothing' : 'content'
}

/** Of text, of reasoning, of a refusal, of the arguments of a tool. */
function textOf(event: ResponseEvent): string {
  return typeof event.delta === 'string' ? event.delta : ''
}
