/** The features of any string, whole pairs or not, are the same in Rust and in TypeScript. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PROMPT_FEATURES } from '../src/index.ts'
import { rust, withoutRust } from './implementations.ts'
import { bits, bothOf } from './pairs.ts'

const CASES = process.env.ATP_VERIFY === 'full' ? 100_000 : 10_000

/** What the scan looks for, and what only looks like it. */
const PIECES = [
  ...['def', 'Python', 'sql', 'TRUE', 'valid', 'many', 'What', 'where', 'whatever', 'A', 'b', 'J', 'K'],
  ...['(A)', '(J)', '(K)', 'A)', 'D. ', 'D.x', 'E) ', 'A)\u00a0', 'A.\ufeff', 'B)\u180e', 'C)\u2028', 'a) '],
  ...['0', '42', '1e9', '_', '__', '"', '?', '!', '.', '$', '£', '€', '%', '\\', '^', '<', '>', '='],
  ...[' ', '\n', '\r\n', '\t', '\0', '\u007f', '\u0080', 'é', 'ſ', 'K', 'Å', '١', 'مرحبا', 'שלום', '你好'],
  ...[
    '👩‍👩‍👧',
    '🇩🇪',
    '\ud800',
    '\udc00',
    '\udfff\ud800',
    '\uffff',
    '\u202e',
    'for (let i = 0; i < 9; i++) {',
    '}',
  ],
]

const unit = fc.integer({ min: 0, max: 0xffff }).map(code => String.fromCharCode(code))
const text = fc.oneof(
  fc.array(fc.constantFrom(...PIECES), { maxLength: 60 }).map(pieces => pieces.join('')),
  fc.array(fc.oneof(unit, fc.constantFrom(...PIECES)), { maxLength: 60 }).map(pieces => pieces.join('')),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ unit: 'grapheme', maxLength: 200 }),
  fc.string({ unit: 'binary-ascii', maxLength: 400 }),
)
/** Around the end of what is read, where a word, a pair of surrogates or an option may be cut. */
const longText = fc
  .tuple(text, fc.integer({ min: 16_300, max: 16_400 }), text)
  .map(([piece, length, end]) => `${(piece || 'x').repeat(length).slice(0, length)}${end}`)

function differs(prompt: string): boolean {
  const [mine, theirs] = bothOf(native => {
    const out = new Float64Array(PROMPT_FEATURES).fill(Number.NaN)
    native.promptFeatures(prompt, out)
    return Buffer.from(bits(out).buffer)
  })
  return !mine.equals(theirs)
}

describe.skipIf(rust === null)(`the features of a prompt${withoutRust}`, () => {
  it(`are the same bits in both languages for ${CASES} texts`, { timeout: 10 * 60_000 }, () => {
    fc.assert(
      fc.property(text, prompt => !differs(prompt)),
      { numRuns: CASES },
    )
  })

  it('are the same bits where the text is longer than what is read', { timeout: 10 * 60_000 }, () => {
    fc.assert(
      fc.property(longText, prompt => !differs(prompt)),
      { numRuns: CASES / 50 },
    )
  })

  it('are the same bits for each code unit, alone and where an option ends', () => {
    const differing: number[] = []
    for (let code = 0; code <= 0xffff; code += 1) {
      const character = String.fromCharCode(code)
      if (differs(character) || differs(`A)${character}`) || differs(`a${character}`)) differing.push(code)
    }
    expect(differing).toEqual([])
  })
})
