/** Texts that are hard on a search: pieces of what it looks for, glued together, cut, and repeated. */
import type { TextGuard } from '@atp/domain/guardrail'
import fc from 'fast-check'
import { createPatternDetector, createPiiDetector, PII_KINDS } from '../../src/guardrails/index.ts'

export const PIECES = [
  'jane.doe@example.com',
  "o'neil@sub.example.co.uk",
  '4111 1111 1111 1111',
  '4111111111111111',
  'GB29 NWBK 6016 1331 9268 19',
  'DE89370400440532013000',
  'MT84 MALT 0110 0001 2345 MTLC AST0 01S',
  '+44 20 7946 0958',
  '(212) 555-2368',
  '203.0.113.7',
  '2001:db8::1',
  'version ',
  '529.982.247-25',
  '12345678Z',
  'tel: ',
  ' ',
  '\n',
  '. ',
  ', ',
  '@',
  '.',
  '-',
  '+',
  '(',
  '👩‍👩‍👧',
  'é',
  '日本',
  'word',
  'WEST',
  '12',
  '1 2 3 4 5 6 7 8 9 ',
  'secret 42',
  '"',
  '\\',
  'a'.repeat(300),
  '7'.repeat(600),
  'a1.'.repeat(200),
]

export const hardText = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...PIECES) },
      fc.string({ maxLength: 8, unit: 'grapheme' }),
    ),
    {
      maxLength: 14,
    },
  )
  .map(pieces => pieces.join(''))

/** Lengths of parts, repeated to a text's end. */
export const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 12 })

export function partsOf(text: string, lengths: readonly number[]): string[] {
  const parts: string[] = []
  for (let at = 0, next = 0; at < text.length; next++) {
    const length = lengths[next % lengths.length] as number
    parts.push(text.slice(at, at + length))
    at += length
  }
  return parts
}

export const pii = createPiiDetector({ kinds: PII_KINDS, phoneCountries: ['US'] })
export const patterns = createPatternDetector({
  rules: [
    { name: 'secret', pattern: '(?i)\\bsecret \\d+' },
    { name: 'sevens', pattern: '7{3,9}' },
  ],
  span: 24,
})

export const MASKING: readonly TextGuard[] = [
  { name: 'patterns', mode: 'mask', detector: patterns },
  { name: 'pii', mode: 'mask', detector: pii },
]
