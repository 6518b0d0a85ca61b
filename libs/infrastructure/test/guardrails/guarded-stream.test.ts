/** What a client reads of a guarded stream is the guarded whole, however the upstream cut it. */
import { type CompletionStream, UpstreamError } from '@atp/domain/adapter'
import type { Finding, TextGuard } from '@atp/domain/guardrail'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createAnswerGuard } from '../../src/guardrails/index.ts'
import { cuts, hardText, MASKING, partsOf, pii } from './support.ts'

interface Choice {
  readonly index: number
  readonly delta: { readonly content?: string; readonly tool_calls?: readonly ToolCall[] }
  readonly finish_reason: string | null
}

interface ToolCall {
  readonly index: number
  readonly id?: string
  readonly function: { readonly name?: string; readonly arguments: string }
}

const event = (choices: readonly object[]) => `data: ${JSON.stringify({ id: 'c', choices })}\n\n`
const said = (content: string, index = 0) => event([{ index, delta: { content }, finish_reason: null }])
const stopped = (index = 0) => event([{ index, delta: {}, finish_reason: 'stop' }])
const DONE = 'data: [DONE]\n\n'

function upstream(
  events: readonly string[],
  error: Error | null = null,
): CompletionStream & { returned: number } {
  const stream = {
    returned: 0,
    contentType: 'text/event-stream',
    events: {
      [Symbol.asyncIterator]() {
        let at = 0
        return {
          async next() {
            const value = events[at++]
            if (value !== undefined) return { value: Buffer.from(value), done: false as const }
            if (error !== null) throw error
            return { value: undefined, done: true as const }
          },
          async return() {
            stream.returned++
            return { value: undefined, done: true as const }
          },
        }
      },
    },
    summary: () => {
      throw new Error('nobody asks')
    },
    text: () => 'jane@example.com',
  }
  return stream
}

async function read(stream: CompletionStream): Promise<{ readonly bytes: string; readonly error: unknown }> {
  let bytes = ''
  try {
    for await (const block of stream.events) bytes += block.toString()
  } catch (error) {
    return { bytes, error }
  }
  return { bytes, error: null }
}

function choicesIn(bytes: string): Choice[] {
  return bytes
    .split('\n\n')
    .filter(line => line.startsWith('data: {'))
    .flatMap(line => (JSON.parse(line.slice('data: '.length)) as { choices?: Choice[] }).choices ?? [])
}

const contentOf = (bytes: string, index = 0) =>
  choicesIn(bytes)
    .filter(choice => choice.index === index)
    .map(({ delta }) => delta.content ?? '')
    .join('')

const guard = (guards: readonly TextGuard[] = MASKING, tell: (finding: Finding) => void = () => undefined) =>
  createAnswerGuard(guards, tell)

function wholeOf(text: string, guards = MASKING): string {
  const bytes = Buffer.from(JSON.stringify({ choices: [{ message: { content: text } }] }))
  const usage = { inputTokens: 1, outputTokens: 1, estimated: false }
  const completion = {
    contentType: 'application/json',
    bytes,
    text,
    finishReason: 'stop',
    refused: false,
    usage,
  }
  return guard(guards).whole(completion).completion.text ?? ''
}

describe('a guarded stream', () => {
  it('says in sum what the guarded whole says, however it is cut, for several choices at once', async () => {
    await fc.assert(
      fc.asyncProperty(hardText, hardText, cuts, cuts, async (first, second, some, others) => {
        const parts = [partsOf(first, some), partsOf(second, others)]
        const events: string[] = []
        for (let at = 0; at < Math.max(...parts.map(({ length }) => length)); at++) {
          for (const [index, own] of parts.entries()) {
            const part = own[at]
            if (part !== undefined) events.push(said(part, index))
          }
        }
        events.push(stopped(0), stopped(1), DONE)
        const { bytes, error } = await read(guard().stream(upstream(events)))
        expect(error).toBeNull()
        expect(contentOf(bytes, 0)).toBe(wholeOf(first))
        expect(contentOf(bytes, 1)).toBe(wholeOf(second))
        expect(bytes.endsWith(DONE)).toBe(true)
      }),
      { numRuns: 150 },
    )
  })

  it('masks a card in parts, and gives nothing of it away before', async () => {
    const events = ['card 41', '11 1111 ', '1111 11', '11, thanks'].map(text => said(text))
    const { bytes } = await read(guard().stream(upstream([...events, stopped(), DONE])))
    expect(contentOf(bytes)).toBe('card [CARD], thanks')
  })

  it("keeps a tool call's arguments JSON: a number gives way to a string", async () => {
    const call = (json: string, head: object = {}) =>
      event([{ index: 0, delta: { tool_calls: [{ index: 1, ...head, function: { arguments: json } }] } }])
    const events = [
      call('', { id: 'call-4111111111111111' }),
      call('{"n": 41111111'),
      call('11111111, "mail": "jane@exa'),
      call('mple.com"}'),
      stopped(),
      DONE,
    ]
    const { bytes } = await read(guard().stream(upstream(events)))
    const calls = choicesIn(bytes).flatMap(({ delta }) => delta.tool_calls ?? [])
    expect(calls.every(({ index }) => index === 1)).toBe(true)
    expect(calls[0]?.id).toBe('call-4111111111111111')
    expect(JSON.parse(calls.map(({ function: { arguments: json } }) => json).join(''))).toEqual({
      n: '[CARD]',
      mail: '[EMAIL]',
    })
  })

  it('keeps an answer JSON that is JSON, and leaves prose alone', async () => {
    const events = [' ', '{"n": 41111111', '11111111}'].map(text => said(text))
    const { bytes } = await read(guard().stream(upstream([...events, stopped(), DONE])))
    expect(contentOf(bytes)).toBe(' {"n": "[CARD]"}')
    expect(wholeOf('[1] 4111111111111111')).toBe('[1] [CARD]')
  })

  it('delivers what it held back where the stream ends without a word, or breaks', async () => {
    const parts = [said('write to jane@example.com')]
    expect(contentOf((await read(guard().stream(upstream(parts)))).bytes)).toBe('write to [EMAIL]')
    const cut = new UpstreamError('cut', 'the connection broke')
    const broken = await read(guard().stream(upstream(parts, cut)))
    expect(broken.error).toBe(cut)
    expect(contentOf(broken.bytes)).toBe('write to [EMAIL]')
  })

  it('stops the upstream where it blocks, and says which kind where, but not what', async () => {
    const blocking: readonly TextGuard[] = [{ name: 'pii', mode: 'block', detector: pii }]
    const source = upstream([said('fine. jane@exam'), said('ple.com '), said('more'), stopped(), DONE])
    const { bytes, error } = await read(guard(blocking).stream(source))
    expect(contentOf(bytes)).toBe('fine. ')
    expect(source.returned).toBeGreaterThan(0)
    expect(error).toMatchObject({
      failure: 'cancelled',
      cause: {
        code: 'answer_blocked',
        problems: [{ field: 'choices[0].delta.content' }],
        context: { guardrail: 'pii', kind: 'email' },
      },
    })
    expect(JSON.stringify(error)).not.toContain('jane')
  })

  it('passes every byte as it came where it only reports, and counts', async () => {
    const findings: Finding[] = []
    const reporting: readonly TextGuard[] = [{ name: 'pii', mode: 'report', detector: pii }]
    const whole = { message: { content: 'Hi' }, logprobs: { content: [{ token: 'Hi' }] } }
    const told = event([{ index: 0, delta: { content: '' }, ...whole, finish_reason: null }])
    const events = [': comment\n\n', told, said('jane@exam'), said('ple.com'), stopped(), DONE]
    const { bytes } = await read(guard(reporting, finding => findings.push(finding)).stream(upstream(events)))
    expect(bytes).toBe(events.join(''))
    expect(findings).toEqual([{ guardrail: 'pii', kind: 'email', action: 'report' }])
  })

  it('leaves out log probabilities, which spell the text, and masks errors and what is no JSON', async () => {
    const token = event([
      { index: 0, delta: { content: 'jane@' }, logprobs: { content: [{ token: 'jane@' }] } },
    ])
    const error = `data: ${JSON.stringify({ error: { message: 'no jane@example.com' } })}\n\n`
    const events = [token, said('example.com'), stopped(), error, 'data: jane@example.com\n\n']
    const { bytes } = await read(guard().stream(upstream(events)))
    expect(bytes).not.toContain('jane@')
    expect(bytes).toContain('no [EMAIL]')
  })

  it('reads what stands beside the deltas as well: sources, chunks of no choice, an answer said again', async () => {
    const again = { role: 'assistant', content: 'jane@example.co' }
    const events = [
      event([{ index: 0, delta: { content: 'jane@example.co' }, message: again, finish_reason: null }]),
      `data: ${JSON.stringify({ citations: ['https://example.com/?of=joe@example.com'], choices: [] })}\n\n`,
      `data: ${JSON.stringify({ note: 'joe@example.com' })}\n\n`,
      said('m'),
      stopped(),
    ]
    const { bytes } = await read(guard().stream(upstream(events)))
    expect(bytes).not.toMatch(/jane|joe/)
    expect(contentOf(bytes)).toBe('[EMAIL]')
  })

  it('tells whoever judges it no more than its client', () => {
    expect(guard().stream(upstream([])).text()).toBe('[EMAIL]')
  })

  it('stops the upstream also where a guardrail is broken', async () => {
    const broken = new Error('a detector with a bug')
    const detector: TextGuard['detector'] = {
      ...pii,
      reading: () => {
        throw broken
      },
    }
    const answer = upstream([said('one'), said('two'), DONE])
    const { error } = await read(guard([{ name: 'pii', mode: 'mask', detector }]).stream(answer))
    expect(error).toBe(broken)
    expect(answer.returned).toBe(1)
  })

  it('cancels an upstream that nobody has begun to read', async () => {
    const source = upstream([said('a')])
    await guard().stream(source).events[Symbol.asyncIterator]().return?.()
    expect(source.returned).toBe(1)
  })
})
