import { describe, expect, it } from 'vitest'
import { ChatStreamReader } from '../../src/providers/chat-stream-reader.ts'
import { chunk, DONE, finish, text, usage } from './support/chunks.ts'

function read(dropUsageChunk: boolean, ...blocks: string[]) {
  const reader = new ChatStreamReader({ dropUsageChunk })
  const passed = blocks.map(block => reader.read(Buffer.from(block)).toString()).join('')
  const { usage, finishReason, done, complete } = reader
  return { passed, usage, finishReason, done, complete }
}

const usageOnContent = `data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}], "usage" : {"prompt_tokens":3,"completion_tokens":0}}\n\n`

describe('ChatStreamReader', () => {
  it('reads usage, the reason of the finish, and the end', () => {
    expect(read(false, text('a'), finish('length'), usage(3, 4), DONE)).toEqual({
      passed: text('a') + finish('length') + usage(3, 4) + DONE,
      usage: { inputTokens: 3, outputTokens: 4 },
      finishReason: 'length',
      done: true,
      complete: true,
    })
  })

  it('drops a chunk of nothing but usage only where it should', () => {
    expect(read(true, text('a'), usage(3, 4), DONE).passed).toBe(text('a') + DONE)
    expect(read(true, text('a') + usage(3, 4) + DONE).passed).toBe(text('a') + DONE)
    expect(read(true, usage(3, 4)).passed).toBe('')
    expect(read(false, text('a'), usage(3, 4), DONE).passed).toBe(text('a') + usage(3, 4) + DONE)
  })

  it('keeps usage that comes with content, and zero counts', () => {
    const { passed, usage } = read(true, usageOnContent)
    expect(passed).toBe(usageOnContent)
    expect(usage).toEqual({ inputTokens: 3, outputTokens: 0 })
  })

  it('keeps an empty list of choices without usage, and a usage of null', () => {
    const filter = 'data: {"choices":[],"prompt_filter_results":[]}\n\n'
    const empty = 'data: {"choices":[],"usage":null}\n\n'
    expect(read(true, filter, empty).passed).toBe(filter + empty)
  })

  it('is not fooled by text that looks like a field', () => {
    const tricky = text('"usage":{"prompt_tokens":1} "finish_reason":"stop" [DONE] "error":{}')
    expect(read(true, tricky)).toEqual({
      passed: tricky,
      usage: null,
      finishReason: null,
      done: false,
      complete: false,
    })
  })

  it('takes the last of usages that add up, figure by figure', () => {
    const sofar = (figures: object): string =>
      chunk({ choices: [{ index: 0, delta: { content: 'a' } }], usage: figures })
    const stream = [{ prompt_tokens: 3, completion_tokens: 1 }, { completion_tokens: 2 }, {}].map(sofar)
    expect(read(true, ...stream)).toMatchObject({
      passed: stream.join(''),
      usage: { inputTokens: 3, outputTokens: 2 },
    })
  })

  it('reads JSON that is cut into lines, wherever', () => {
    const cut =
      'data: {"choices":[],"usage":\r\nid: 7\r\ndata: {"prompt_tokens":3,\ndata: "completion_tokens":4}}\n\n'
    expect(read(true, text('a'), cut, DONE)).toMatchObject({
      passed: text('a') + DONE,
      usage: { inputTokens: 3, outputTokens: 4 },
    })
  })

  it('passes what it cannot read', () => {
    const garbled = 'data: {"usage":{"prompt_tokens"\n\n'
    expect(read(true, text('a'), garbled, text('b')).passed).toBe(text('a') + garbled + text('b'))
  })

  it.each([
    ['an end', text('a') + DONE, true],
    ['a finish', text('a') + finish(), true],
    ['neither', text('a'), false],
    ['a reason that is empty', text('a') + finish(''), false],
    ['an error object', `${text('a')}data: {"error":{"message":"x"}}\n\n${DONE}`, false],
    ['an error event', `${text('a')}event: error\ndata: x\n\n${DONE}`, false],
  ])('is complete or not with %s', (_name, stream, complete) => {
    expect(read(true, stream).complete).toBe(complete)
  })

  it('returns the block itself where it has nothing to take out', () => {
    const reader = new ChatStreamReader({ dropUsageChunk: true })
    for (const raw of [text('a'), finish(), DONE]) {
      const block = Buffer.from(raw)
      expect(reader.read(block)).toBe(block)
    }
  })
})
