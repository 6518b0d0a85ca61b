import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventSplitter, eventEnd } from '../../../src/providers/sse/event-splitter.ts'
import { parseEvent } from '../../../src/providers/sse/server-sent-event.ts'

function split(chunks: readonly Buffer[]): { blocks: Buffer[]; rest: Buffer | null } {
  const splitter = new EventSplitter()
  const blocks = chunks.map(chunk => splitter.push(chunk)).filter(block => block !== null)
  return { blocks, rest: splitter.rest() }
}

const splitText = (...chunks: string[]) => {
  const { blocks, rest } = split(chunks.map(chunk => Buffer.from(chunk)))
  return { blocks: blocks.map(String), rest: rest === null ? null : String(rest) }
}

/** The data of all events in these blocks, the way a client would see them. */
function dataOf(blocks: readonly Buffer[]): string[] {
  return blocks.flatMap(block => {
    const found: string[] = []
    for (let from = 0; from < block.length; ) {
      const end = eventEnd(block, from)
      const { data } = parseEvent(block.subarray(from, end))
      if (data !== null) found.push(data)
      from = end
    }
    return found
  })
}

const lineEnd = fc.constantFrom('\n', '\r\n', '\r')
const line = fc.string({ unit: 'grapheme', maxLength: 12 }).map(text => text.replace(/[\r\n]/g, '·'))
const event = fc
  .record({
    comments: fc.array(line, { maxLength: 2 }),
    data: fc.array(line, { minLength: 1, maxLength: 3 }),
    space: fc.boolean(),
  })
  .chain(({ comments, data, space }) => {
    const lines = [
      ...comments.map(text => `:${text}`),
      ...data.map(text => `data:${space ? ' ' : ''}${text}`),
    ]
    return fc.array(lineEnd, { minLength: lines.length + 1, maxLength: lines.length + 1 }).map(ends => {
      // A lone CR followed by a LF would be one line end instead of two.
      const safe = ends.map((end, at) => (end === '\r' && ends[at + 1] === '\n' ? '\r\n' : end))
      const raw = lines.map((text, at) => text + safe[at]).join('') + safe.at(-1)
      return {
        raw,
        data: data.map(text => (!space && text.startsWith(' ') ? text.slice(1) : text)).join('\n'),
      }
    })
  })

/** Cuts the bytes at any places, inside of characters and line ends too. */
const chunked = (bytes: Buffer) =>
  fc.array(fc.nat({ max: bytes.length }), { maxLength: 20 }).map(cuts => {
    const at = [0, ...cuts.sort((a, b) => a - b), bytes.length]
    return at.slice(1).map((to, n) => bytes.subarray(at[n], to))
  })

describe('EventSplitter', () => {
  it('finds the same events and keeps every byte, however the stream is cut', () => {
    const stream = fc
      .array(event, { maxLength: 6 })
      .map(events => ({ events, bytes: Buffer.from(events.map(({ raw }) => raw).join('')) }))
      .chain(({ events, bytes }) => chunked(bytes).map(chunks => ({ events, bytes, chunks })))
    fc.assert(
      fc.property(stream, ({ events, bytes, chunks }) => {
        const { blocks, rest } = split(chunks)
        expect(Buffer.concat([...blocks, ...(rest === null ? [] : [rest])])).toEqual(bytes)
        expect(dataOf(blocks)).toEqual(events.map(({ data }) => data))
      }),
      { numRuns: 2000 },
    )
  })

  it('keeps every byte of what is no event stream', () => {
    const bytes = fc.uint8Array({ maxLength: 200 }).map(array => Buffer.from(array))
    fc.assert(
      fc.property(
        bytes.chain(whole => chunked(whole).map(chunks => ({ whole, chunks }))),
        ({ whole, chunks }) => {
          const { blocks, rest } = split(chunks)
          expect(Buffer.concat([...blocks, ...(rest === null ? [] : [rest])])).toEqual(whole)
        },
      ),
    )
  })

  it.each([
    ['LF', 'data: a\n\n'],
    ['CR LF', 'data: a\r\n\r\n'],
    ['CR', 'data: a\r\r'],
    ['LF then CR LF', 'data: a\n\r\n'],
    ['CR LF then LF', 'data: a\r\n\n'],
    ['CR then CR LF', 'data: a\r\r\n'],
    ['LF then CR', 'data: a\n\r'],
  ])('ends an event with an empty line: %s', (_name, raw) => {
    expect(splitText(raw)).toEqual({ blocks: [raw], rest: null })
    expect(splitText(...raw).blocks.join('') + (splitText(...raw).rest ?? '')).toBe(raw)
  })

  it('does not take one line end, split between two chunks, for two', () => {
    expect(splitText('data: a\r', '\ndata: b\n', '\n')).toEqual({
      blocks: ['data: a\r\ndata: b\n\n'],
      rest: null,
    })
  })

  it('does not wait for the LF that may follow a CR', () => {
    expect(splitText('data: a\r\r', '\ndata: b\n\n')).toEqual({
      blocks: ['data: a\r\r', '\ndata: b\n\n'],
      rest: null,
    })
  })

  it('returns the chunk itself where it ends with an event', () => {
    const chunk = Buffer.from('data: a\n\ndata: b\n\n')
    expect(new EventSplitter().push(chunk)).toBe(chunk)
  })

  it('holds an incomplete event, says how much, and gives it back', () => {
    const splitter = new EventSplitter()
    expect(splitter.push(Buffer.from('data: a\n\ndata: b'))?.toString()).toBe('data: a\n\n')
    expect(splitter.heldBytes).toBe(7)
    expect(splitter.push(Buffer.from('c'))).toBeNull()
    expect(splitter.rest()?.toString()).toBe('data: bc')
    expect(splitter.rest()).toBeNull()
  })
})
