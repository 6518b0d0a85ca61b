import { describe, expect, it } from 'vitest'
import type { WholeAnswer } from '../../src/corridor/corridor.ts'
import { messageOf } from '../../src/http/anthropic/message.ts'

const called = (text: string) => {
  const call = { id: 'a', type: 'function', function: { name: 'now', arguments: text } }
  const bytes = Buffer.from(JSON.stringify({ choices: [{ message: { content: null, tool_calls: [call] } }] }))
  const usage = { inputTokens: 1, outputTokens: 1, estimated: false }
  const completion = { bytes, usage, finishReason: 'tool_calls', refused: false }
  return messageOf({ id: 'd', arm: 'x/y', completion } as unknown as WholeAnswer)
}

describe('the input of a tool', () => {
  it.each(['', ' ', 'null', '{}'])('is an object where a model writes %j for nothing', text => {
    expect(called(text)).toMatchObject({
      content: [{ type: 'tool_use', input: {} }],
      stop_reason: 'tool_use',
    })
  })

  it.each(['[1]', '"x"', '7', '{"a":'])('is never %j', text => {
    expect(() => called(text)).toThrow(expect.objectContaining({ code: 'upstream_failed' }))
  })
})
