/**
 * The blocks of a message that is being written. Anthropic's come one after the other, while OpenAI's calls of tools may come piece by
 * piece in turn: text and the first call pass on as they come, what belongs to a later block waits for its turn.
 */
import type { ChatDelta, ToolCallDelta } from '../chat-chunks.ts'

export type BlockEvent = { readonly type: `content_block_${'start' | 'delta' | 'stop'}` } & Readonly<
  Record<string, unknown>
>

interface WaitingBlock {
  readonly kind: 'text' | 'tool_use'
  readonly head: Readonly<Record<string, unknown>>
  /** Text, or JSON. */
  pieces: string
}

export class MessageBlocks {
  /** Of those that were begun, the one that is written now. */
  #current = -1
  #open = false
  readonly #blocks: WaitingBlock[] = []
  /** OpenAI's index of a call, and the block that it became. */
  readonly #calls = new Map<number, WaitingBlock>()
  #refused = false

  get calls(): boolean {
    return this.#calls.size > 0
  }

  get refused(): boolean {
    return this.#refused
  }

  *read(delta: ChatDelta | null | undefined): Generator<BlockEvent> {
    if (delta == null) return
    if (delta.refusal) this.#refused = true
    const text = (delta.content ?? '') + (delta.refusal ?? '')
    if (text !== '') yield* this.#add(this.#textBlock(), text)
    for (const call of delta.tool_calls ?? [])
      yield* this.#add(this.#callBlock(call), call.function?.arguments ?? '')
  }

  /** All that still waited. */
  *end(): Generator<BlockEvent> {
    while (this.#current < this.#blocks.length) {
      yield* this.#close()
      yield* this.#begin()
    }
  }

  /** Behind a call a text is another block. */
  #textBlock(): WaitingBlock {
    const last = this.#blocks.at(-1)
    if (last?.kind === 'text') return last
    return this.#append({ kind: 'text', head: { type: 'text', text: '' }, pieces: '' })
  }

  #callBlock({ index = 0, id, function: called }: ToolCallDelta): WaitingBlock {
    const known = this.#calls.get(index)
    // Some number all calls alike: an id of its own is another call.
    if (known !== undefined && (!id || id === known.head.id)) return known
    const head = { type: 'tool_use', id: id ?? `call_${index}`, name: called?.name ?? '', input: {} }
    const block = this.#append({ kind: 'tool_use', head, pieces: '' })
    this.#calls.set(index, block)
    return block
  }

  #append(block: WaitingBlock): WaitingBlock {
    this.#blocks.push(block)
    return block
  }

  *#add(block: WaitingBlock, piece: string): Generator<BlockEvent> {
    block.pieces += piece
    const current = this.#blocks[this.#current]
    // A text is over where a call begins; a call only where the message is.
    if (current === undefined || (current.kind === 'text' && current !== block)) {
      yield* this.#close()
      yield* this.#begin()
    } else if (current === block) {
      yield* this.#pass(block)
    }
  }

  *#begin(): Generator<BlockEvent> {
    this.#current += 1
    const block = this.#blocks[this.#current]
    if (block === undefined) return
    this.#open = true
    yield { type: 'content_block_start', index: this.#current, content_block: block.head }
    yield* this.#pass(block)
  }

  *#pass(block: WaitingBlock): Generator<BlockEvent> {
    if (block.pieces === '') return
    const delta =
      block.kind === 'text'
        ? { type: 'text_delta', text: block.pieces }
        : { type: 'input_json_delta', partial_json: block.pieces }
    block.pieces = ''
    yield { type: 'content_block_delta', index: this.#current, delta }
  }

  *#close(): Generator<BlockEvent> {
    if (!this.#open) return
    this.#open = false
    yield { type: 'content_block_stop', index: this.#current }
  }
}
