/** Streams as no upstream should send them, and some do; and all the ways in which a network may cut them. */
import fc from 'fast-check'

const small = fc.nat({ max: 1000 })
const words = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.constantFrom(
    '',
    '"usage":{"prompt_tokens":1}',
    'data: [DONE]\n\n',
    '\r\n\r\n',
    '👩‍👩‍👧‍👦',
    '漢字',
    '\u2028',
  ),
)

const usage = fc.oneof(
  fc.record({ prompt_tokens: small, completion_tokens: small }),
  fc.record({ completion_tokens: small }),
  fc.constantFrom({}, { prompt_tokens: -1, completion_tokens: 'many' }, { prompt_tokens: 3.5 }),
)

const choice = (delta: object, finish_reason: string | null = null) => ({ index: 0, delta, finish_reason })

const chunk: fc.Arbitrary<object> = fc.oneof(
  { weight: 8, arbitrary: words.map(content => ({ choices: [choice({ content })] })) },
  { weight: 2, arbitrary: words.map(content => ({ choices: [choice({ content })], usage: null })) },
  { weight: 1, arbitrary: words.map(said => ({ choices: [choice({ reasoning_content: said })] })) },
  { weight: 2, arbitrary: fc.constant({ choices: [choice({ role: 'assistant', content: '' })] }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('stop', 'length', '').map(why => ({ choices: [choice({}, why)] })),
  },
  { weight: 2, arbitrary: usage.map(figures => ({ choices: [], usage: figures })) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(words, usage)
      .map(([content, figures]) => ({ choices: [choice({ content })], usage: figures })),
  },
  { weight: 1, arbitrary: usage.map(figures => ({ choices: [choice({}, 'stop')], usage: figures })) },
  {
    weight: 1,
    arbitrary: fc.constantFrom({ error: { message: 'busy' } }, { error: 'busy' }, {}, { choices: null }),
  },
)

const lineEnd = fc.constantFrom('\n', '\n', '\r\n', '\r')

/** JSON in several lines, cut after commas, or between a field and its value. */
const cutJson = (json: object, after: string): string[] =>
  JSON.stringify(json)
    .replaceAll(`${after}{`, `${after}\n{`)
    .replaceAll(`${after}"`, `${after}\n"`)
    .split('\n')
    .map(line => `data: ${line}`)

/** Its lines, without their ends. */
const linesOf: fc.Arbitrary<readonly string[]> = fc.oneof(
  { weight: 12, arbitrary: chunk.map(json => [`data: ${JSON.stringify(json)}`]) },
  { weight: 2, arbitrary: chunk.map(json => [`data:${JSON.stringify(json)}`, 'id: 7']) },
  {
    weight: 2,
    arbitrary: fc.tuple(chunk, fc.constantFrom(',', ':')).map(([json, after]) => cutJson(json, after)),
  },
  {
    weight: 1,
    arbitrary: chunk.map(json => ['event: message', ': why', `data: ${JSON.stringify(json)}`, 'retry: 5']),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(chunk, small).map(([json, at]) => [`data: ${JSON.stringify(json).slice(0, at)}`]),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom([': ping'], [':'], ['retry: 10'], ['data:'], ['data'], ['nonsense'], []),
  },
  { weight: 1, arbitrary: fc.constant(['event: error', 'data: {"message":"busy"}']) },
  { weight: 1, arbitrary: fc.constant(['data: [DONE]']) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('data: null', 'data: 7', 'data: "text"', 'data: []').map(line => [line]),
  },
)

const text = fc
  .record({ lines: linesOf, end: lineEnd })
  .map(({ lines, end }) => [...lines, ''].join(end) + end)
const huge = fc.nat({ max: 60_000 }).map(size => {
  const json = { choices: [choice({ content: 'x '.repeat(size) })] }
  return `data: ${JSON.stringify(json)}\n\n`
})
const noise = fc.uint8Array({ maxLength: 30 })

const event: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 40, arbitrary: text.map(said => Buffer.from(said)) },
  { weight: 1, arbitrary: huge.map(said => Buffer.from(said)) },
  { weight: 1, arbitrary: noise.map(bytes => Buffer.from(bytes)) },
)

const start = fc.constantFrom('', '', '\uFEFF', ': hello\n\n')

/** Most of them begin as they should: otherwise few would get as far as their usage. */
const opening = fc.oneof(
  {
    weight: 3,
    arbitrary: words.map(
      said => `data: ${JSON.stringify({ choices: [choice({ content: `a${said}` })] })}\n\n`,
    ),
  },
  { weight: 1, arbitrary: fc.constant('') },
)

export const wildStream = fc
  .record({
    start,
    opening,
    events: fc.array(event, { maxLength: 12 }),
    /** Bytes that are missing at the end. */
    missing: fc.oneof(
      { weight: 3, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.nat({ max: 30 }) },
    ),
  })
  .map(({ start, opening, events, missing }) => {
    const raw = Buffer.concat([Buffer.from(start + opening), ...events])
    return raw.subarray(0, Math.max(0, raw.length - missing))
  })

/** How many bytes each read brings; over and over. */
export const sizes = fc.oneof(
  { weight: 1, arbitrary: fc.constant([1]) },
  { weight: 4, arbitrary: fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 10 }) },
  { weight: 1, arbitrary: fc.constant([1_000_000]) },
)

export function readsOf(raw: Buffer, sizes: readonly number[]): Buffer[] {
  const reads: Buffer[] = []
  for (let at = 0; at < raw.length; ) {
    const size = sizes[reads.length % sizes.length] as number
    reads.push(raw.subarray(at, at + size))
    at += size
  }
  return reads
}
