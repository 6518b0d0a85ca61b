/** However the pieces of an answer come, the blocks are those of the whole answer, one after the other. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type BlockEvent, MessageBlocks } from '../../src/http/anthropic/message-blocks.ts'
import type { ChatDelta } from '../../src/http/chat-chunks.ts'

interface Told {
  kind: string
  text: string
  stopped: boolean
}

/** Reads them as a client does; what breaks their order throws. */
function blocksOf(deltas: readonly ChatDelta[]): Told[] {
  const writer = new MessageBlocks()
  const told: Told[] = []
  const read = (event: BlockEvent): void => {
    const { index, content_block, delta } = event as unknown as {
      index: number
      content_block?: { type: string; name?: string }
      delta?: { text?: string; partial_json?: string }
    }
    if (event.type === 'content_block_start') {
      expect(index).toBe(told.length)
      expect(told.every(({ stopped }) => stopped)).toBe(true)
      told.push({ kind: content_block?.name ?? 'text', text: '', stopped: false })
      return
    }
    expect(index).toBe(told.length - 1)
    const open = told[index] as Told
    expect(open.stopped).toBe(false)
    if (event.type === 'content_block_stop') open.stopped = true
    else open.text += delta?.text ?? delta?.partial_json ?? ''
  }
  for (const delta of deltas) for (const event of writer.read(delta)) read(event)
  for (const event of writer.end()) read(event)
  expect(told.every(({ stopped }) => stopped)).toBe(true)
  return told
}

const piece = fc.oneof(
  fc.record({ text: fc.string({ minLength: 1, maxLength: 3 }) }),
  fc.record({ index: fc.integer({ min: 0, max: 2 }), args: fc.string({ maxLength: 3 }) }),
)

it('tells each call whole, in the order in which they began, whatever comes between', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), pieces => {
      const args = new Map<number, string>()
      let text = ''
      const deltas = pieces.map((each): ChatDelta => {
        if ('text' in each) {
          text += each.text
          return { content: each.text }
        }
        const first = !args.has(each.index)
        args.set(each.index, (args.get(each.index) ?? '') + each.args)
        const head = first
          ? { id: `id${each.index}`, function: { name: `tool${each.index}`, arguments: each.args } }
          : { function: { arguments: each.args } }
        return { tool_calls: [{ index: each.index, ...head }] }
      })
      const told = blocksOf(deltas)
      const calls = told.filter(({ kind }) => kind !== 'text')
      expect(calls.map(({ kind, text }) => [kind, text])).toEqual(
        [...args].map(([index, said]) => [`tool${index}`, said]),
      )
      expect(
        told
          .filter(({ kind }) => kind === 'text')
          .map(({ text }) => text)
          .join(''),
      ).toBe(text)
    }),
  )
})

it('passes on a text and the first call as they come', () => {
  const writer = new MessageBlocks()
  const types = (delta: ChatDelta) => [...writer.read(delta)].map(({ type }) => type)
  expect(types({ content: 'a' })).toEqual(['content_block_start', 'content_block_delta'])
  expect(types({ content: 'b' })).toEqual(['content_block_delta'])
  expect(types({ tool_calls: [{ index: 0, id: 'x', function: { name: 'n' } }] })).toEqual([
    'content_block_stop',
    'content_block_start',
  ])
  expect(types({ tool_calls: [{ index: 0, function: { arguments: '{' } }] })).toEqual(['content_block_delta'])
  expect(types({ tool_calls: [{ index: 1, id: 'y', function: { name: 'm', arguments: '{}' } }] })).toEqual([])
  expect([...writer.end()].map(({ type }) => type)).toEqual([
    'content_block_stop',
    'content_block_start',
    'content_block_delta',
    'content_block_stop',
  ])
})

it('tells calls apart by their ids where all have one index', () => {
  const call = (id: string | null, text: string): ChatDelta => ({
    tool_calls: [{ index: 0, ...(id === null ? {} : { id }), function: { name: id ?? '', arguments: text } }],
  })
  expect(blocksOf([call('a', '{"a":'), call(null, '1}'), call('b', '{"b":1}')])).toMatchObject([
    { kind: 'a', text: '{"a":1}' },
    { kind: 'b', text: '{"b":1}' },
  ])
})
