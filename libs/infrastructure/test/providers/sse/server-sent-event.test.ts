import { describe, expect, it } from 'vitest'
import { parseEvent } from '../../../src/providers/sse/server-sent-event.ts'

const parse = (raw: string) => parseEvent(Buffer.from(raw))

describe('parseEvent', () => {
  it.each([
    ['a space after the colon', 'data: {"a":1}\n\n', '{"a":1}'],
    ['no space', 'data:{"a":1}\n\n', '{"a":1}'],
    ['only the first space is dropped', 'data:  a\n\n', ' a'],
    ['several lines', 'data: a\r\ndata: b\rdata: c\n\n', 'a\nb\nc'],
    ['a byte order mark', '\uFEFFdata: a\n\n', 'a'],
    ['no colon', 'data\n\n', ''],
    ['other fields', 'id: 1\nretry: 5\ndata: a\nunknown: x\n\n', 'a'],
    ['no final line end', 'data: a', 'a'],
  ])('reads data with %s', (_name, raw, data) => {
    expect(parse(raw)).toEqual({ name: '', data })
  })

  it('reads the name', () => {
    expect(parse('event: error\ndata: x\n\n')).toEqual({ name: 'error', data: 'x' })
  })

  it('finds no data in a comment', () => {
    expect(parse(': ping\n\n')).toEqual({ name: '', data: null })
    expect(parse('\n')).toEqual({ name: '', data: null })
  })
})
