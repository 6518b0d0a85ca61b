/** A thousand streams as no upstream should send them, each cut in some way, against a model that decodes everything. */
import { countPromptTokens } from '@atp/infrastructure/providers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DONE, finish, ROLE, text, usage } from './support/chunks.ts'
import { type Fed, passed } from './support/fed-stream.ts'
import { type Expected, expectedOf } from './support/naive-stream.ts'
import { PROMPT } from './support/provider-under-test.ts'
import { readsOf, sizes, wildStream } from './support/wild-streams.ts'

const PROMPT_TOKENS = countPromptTokens({ messages: PROMPT })

/** Whatever comes, it ends: a stream that hung would keep the test until its time is over. */
async function check(raw: Buffer, fed: Fed): Promise<void> {
  const { ends, dropUsage } = fed
  const expected = expectedOf(raw, ends, dropUsage)
  const { bytes, error, summary } = await passed(fed)
  expect(error?.failure ?? null).toBe(expected.failure)
  expect(bytes !== null).toBe(expected.isOpened)
  if (bytes === null || summary === null) return
  expectPassed(bytes, expected.bytes, fed)
  const { complete, finishReason } = expected
  expect(summary).toMatchObject({ complete, finishReason })
  expect(summary.usage.inputTokens).toBe(expected.inputTokens ?? PROMPT_TOKENS)
  expect(outputsOf(expected)).toContain(summary.usage.outputTokens)
  if (expected.inputTokens === null || expected.outputTokens === null)
    expect(summary.usage.estimated).toBe(true)
  else if (complete) expect(summary.usage.estimated).toBe(false)
}

/** A stream that broke off may have delivered more than it had reported. */
function outputsOf({ complete, outputTokens, delivered }: Expected): number[] {
  if (outputTokens === null) return [delivered]
  return complete ? [outputTokens] : [outputTokens, Math.max(outputTokens, delivered)]
}

/** Byte for byte. Where a stream is cut within the end of a line its event has ended already: that line's LF is lost. */
function expectPassed(bytes: Buffer, expected: Buffer, { ends }: Fed): void {
  const isLate = ends === 'cut' && expected.equals(Buffer.concat([bytes, Buffer.from('\n')]))
  expect((isLate ? expected : bytes).toString('latin1')).toBe(expected.toString('latin1'))
}

const CORPUS: Readonly<Record<string, string>> = {
  'a stream as it should be': ROLE + text('Grüße 👋') + finish() + usage(3, 4) + DONE,
  'CRLF and a byte order mark': `\uFEFF${(text('a') + usage(3, 4) + DONE).replaceAll('\n', '\r\n')}`,
  'CR alone': (text('a') + usage(3, 4) + text('b') + DONE).replaceAll('\n', '\r'),
  'JSON in several lines': `${text('a')}data: {"choices":[],"usage":\r\ndata: {"prompt_tokens":3,"completion_tokens":4}}\r\n\r\n${DONE}`,
  'no final newline': `${text('a')}${usage(3, 4)}data: [DONE]`,
  'usage in the final event without a newline': `${text('a')}${usage(3, 4).trimEnd()}`,
  'usage twice': text('a') + usage(3, 4) + usage(5, 6) + DONE,
  'usage before any content': usage(3, 0) + text('a') + finish() + DONE,
  'usage after the end': text('a') + DONE + usage(3, 4),
  'an error amid': `${text('a')}data: {"error":{"message":"busy"}}\n\n${text('b')}${DONE}`,
  'an error event amid': `${text('a')}event: error\ndata: x\n\n${DONE}`,
  'garbage amid': `${text('a')}<html>\n\n{"usage":{"prompt_tokens":9}}\n\ndata: {"usage":{"prompt\n\n${usage(3, 4)}`,
  'text that looks like more': text('data: [DONE]\n\n"usage":{"prompt_tokens":1}') + usage(3, 4) + DONE,
  'a huge line': text('x '.repeat(100_000)) + usage(3, 4) + DONE,
  'only comments': ': ping\n\n: ping\n\n',
  'only a role': ROLE,
  nothing: '',
}

describe('a stream', () => {
  it.each(Object.entries(CORPUS))(
    'of the corpus is read right, however it is cut: %s',
    async (_name, stream) => {
      const raw = Buffer.from(stream)
      const steps = raw.length > 10_000 ? [65_536, 1000] : [1, 2, 3, 7, 64, 1_000_000]
      for (const size of steps) {
        for (const ends of ['well', 'cut'] as const) {
          for (const dropUsage of [true, false]) {
            await check(raw, { reads: readsOf(raw, [size]), ends, dropUsage })
          }
        }
      }
    },
  )

  it('that is wild is read right, 1,000 times', async () => {
    const stream = fc.record({
      raw: wildStream,
      sizes,
      ends: fc.constantFrom('well' as const, 'cut' as const),
      dropUsage: fc.boolean(),
    })
    const property = fc.asyncProperty(stream, ({ raw, sizes, ends, dropUsage }) =>
      check(raw, { reads: readsOf(raw, sizes), ends, dropUsage }),
    )
    await fc.assert(property, { numRuns: 1000, seed: 20_261_128 })
  })
})
