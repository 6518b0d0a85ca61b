/**
 * A stream whose texts are guarded before the client gets them. Each text of each choice (content, reasoning, a tool call's arguments) is read by itself
 * across chunks; what is held back of it comes with the next chunk, or with the choice's end. Events without texts pass as they came.
 */

import { AtpError } from '@atp/core/errors'
import { type CompletionStream, type StreamSummary, UpstreamError } from '@atp/domain/adapter'
import { type Finding, Findings, type TextGuard } from '@atp/domain/guardrail'
import { isError, parseAnswer } from '../providers/chat-completion.ts'
import { eventEnd } from '../providers/sse/event-splitter.ts'
import { parseEvent } from '../providers/sse/server-sent-event.ts'
import { ChunkGuard } from './chunk-guard.ts'
import { readWhole } from './read-whole.ts'

export class GuardedStream implements CompletionStream, AsyncIterableIterator<Buffer, undefined> {
  readonly #answer: CompletionStream
  readonly #guards: readonly TextGuard[]
  readonly #findings: Findings
  readonly #chunks: ChunkGuard
  readonly #source: AsyncIterator<Buffer>
  #ended: { readonly error: unknown } | null = null

  constructor(answer: CompletionStream, guards: readonly TextGuard[], tell: (finding: Finding) => void) {
    this.#answer = answer
    this.#guards = guards
    this.#findings = new Findings(tell)
    this.#chunks = new ChunkGuard(guards, this.#findings)
    this.#source = answer.events[Symbol.asyncIterator]()
  }

  get contentType(): string {
    return this.#answer.contentType
  }

  get events(): AsyncIterable<Buffer> {
    return this
  }

  summary(): StreamSummary {
    return this.#answer.summary()
  }

  /** As the client got it: whoever judges it is sent no more. */
  text(): string | null {
    const text = this.#answer.text()
    if (text === null) return null
    const again = new Findings(() => undefined)
    return readWhole(this.#guards, { direction: 'output', where: 'text', isJson: false }, again, text)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Buffer, undefined>> {
    for (;;) {
      if (this.#ended !== null) return this.#end(this.#ended.error)
      const passed = await this.#read()
      if (passed.length > 0) return { value: passed, done: false }
    }
  }

  async return(): Promise<IteratorResult<Buffer, undefined>> {
    await this.#source.return?.()
    return { value: undefined, done: true }
  }

  /** The next events, guarded; at the stream's end what was still held back. */
  async #read(): Promise<Buffer> {
    let read: IteratorResult<Buffer>
    try {
      read = await this.#source.next()
    } catch (error) {
      this.#ended = { error }
      return this.#guarded(passed => passed.push(this.#chunks.rest()))
    }
    if (read.done !== true) return this.#guarded(passed => this.#block(read.value, passed))
    this.#ended = { error: null }
    return this.#guarded(passed => passed.push(this.#chunks.rest()))
  }

  /** What blocks an answer ends it, behind what was fine: its provider stops, and what was delivered is settled. */
  async #guarded(pass: (passed: Buffer[]) => void): Promise<Buffer> {
    const passed: Buffer[] = []
    try {
      pass(passed)
    } catch (thrown) {
      this.#ended = { error: thrown instanceof AtpError ? givenUpBy(thrown) : thrown }
      await this.#source.return?.()
    }
    return passed.length === 1 ? (passed[0] as Buffer) : Buffer.concat(passed)
  }

  #end(error: unknown): IteratorReturnResult<undefined> {
    this.#ended = { error: null }
    if (error !== null) throw error
    return { value: undefined, done: true }
  }

  #block(block: Buffer, passed: Buffer[]): void {
    for (let from = 0; from < block.length; ) {
      const end = eventEnd(block, from)
      passed.push(this.#event(block.subarray(from, end)))
      from = end
    }
  }

  #event(bytes: Buffer): Buffer {
    const { name, data } = parseEvent(bytes)
    if (data === null) return bytes
    if (data.trim() === '[DONE]') return Buffer.concat([this.#chunks.rest(), bytes])
    const chunk = parseAnswer(data)
    if (chunk !== null && !isError(chunk)) {
      const passed = this.#chunks.pass(chunk)
      return passed === chunk ? bytes : event(name, JSON.stringify(passed))
    }
    // An error, or what a client may read some sense into.
    const place = { direction: 'output', where: 'error', isJson: chunk !== null } as const
    const passed = readWhole(this.#guards, place, this.#findings, data)
    return passed === data ? bytes : event(name, passed)
  }
}

function givenUpBy(cause: AtpError): UpstreamError {
  return new UpstreamError('cancelled', cause.message, { cause })
}

/** @param data in however many lines */
function event(name: string, data: string): Buffer {
  const lines = data.split('\n').map(line => `data: ${line}\n`)
  return Buffer.from(`${name === '' ? '' : `event: ${name}\n`}${lines.join('')}\n`)
}
