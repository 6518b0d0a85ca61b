/** From the parts of the SDK's stream to OpenAI's chat completion chunks, as server-sent events. */
import type { LanguageModelV4StreamPart } from '@ai-sdk/provider'
import { extraContentOf } from './thought-signature.ts'

export interface ChunkOptions {
  readonly model: string
  /** Seconds since 1970. */
  readonly created: number
  /** The client asked for its usage: then every chunk has the field. */
  readonly includeUsage: boolean
}

export class ChunkWriter {
  readonly #options: ChunkOptions
  readonly #tail: string
  #id = `chatcmpl-${crypto.randomUUID()}`
  /** All of a chunk that is the same in each; empty before the first. */
  #head = ''
  /** Calls of tools by the SDK's id: their place in the answer, and whether their arguments have been told. */
  readonly #calls = new Map<string, { readonly index: number; told: boolean }>()

  constructor(options: ChunkOptions) {
    this.#options = options
    this.#tail = options.includeUsage ? '}],"usage":null}\n\n' : '}]}\n\n'
  }

  /** @returns null where the part has nothing for the client */
  write(part: LanguageModelV4StreamPart): Buffer | null {
    switch (part.type) {
      case 'response-metadata':
        if (part.id !== undefined) this.#id = `chatcmpl-${part.id}`
        return null
      case 'text-delta':
        return part.delta === '' ? null : this.#chunk({ content: part.delta })
      case 'reasoning-delta':
        return part.delta === '' ? null : this.#chunk({ reasoning_content: part.delta })
      case 'tool-input-start':
        return this.#call(part.id, part.toolName, '', extraContentOf(part.providerMetadata))
      case 'tool-input-delta':
        return this.#arguments(part.id, part.delta)
      case 'tool-call':
        return this.#calls.has(part.toolCallId)
          ? this.#untold(part.toolCallId, part.input)
          : this.#call(part.toolCallId, part.toolName, part.input, extraContentOf(part.providerMetadata))
      default:
        return null
    }
  }

  /** The last chunks. @param usage null where the client did not ask for it */
  finish(reason: string, usage: object | null): Buffer {
    const last = this.#event({}, reason)
    const figures =
      usage === null
        ? ''
        : `${this.#head.slice(0, this.#head.indexOf(CHOICES))}"choices":[],"usage":${JSON.stringify(usage)}}\n\n`
    return Buffer.from(`${last}${figures}data: [DONE]\n\n`)
  }

  #call(id: string, name: string, input: string, extra: object): Buffer {
    const index = this.#calls.size
    this.#calls.set(id, { index, told: input !== '' })
    const called = { name, arguments: input }
    return this.#chunk({ tool_calls: [{ index, id, type: 'function', function: called, ...extra }] })
  }

  #arguments(id: string, delta: string): Buffer | null {
    const call = this.#calls.get(id)
    if (call === undefined || delta === '') return null
    call.told = true
    return this.#chunk({ tool_calls: [{ index: call.index, function: { arguments: delta } }] })
  }

  /** Arguments that came with the call's end alone: those of a tool that takes none. */
  #untold(id: string, input: string): Buffer | null {
    return this.#calls.get(id)?.told === false ? this.#arguments(id, input) : null
  }

  #chunk(delta: object): Buffer {
    return Buffer.from(this.#event(delta, null))
  }

  #event(delta: object, finishReason: string | null): string {
    const first = this.#head === ''
    if (first) this.#head = this.#headOf()
    const full = first ? { role: 'assistant', ...delta } : delta
    return `${this.#head}${JSON.stringify(full)},"finish_reason":${JSON.stringify(finishReason)}${this.#tail}`
  }

  #headOf(): string {
    const { model, created } = this.#options
    const same = JSON.stringify({ id: this.#id, object: 'chat.completion.chunk', created, model })
    return `data: ${same.slice(0, -1)},${CHOICES}`
  }
}

const CHOICES = '"choices":[{"index":0,"delta":'
