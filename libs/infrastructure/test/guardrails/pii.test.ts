import { describe, expect, it } from 'vitest'
import { createPiiDetector, PII_KINDS } from '../../src/guardrails/index.ts'

const detector = createPiiDetector({ kinds: PII_KINDS, phoneCountries: ['US', 'DE'] })

const found = (text: string) =>
  detector.find(text).map(({ kind, start, end }) => [kind, text.slice(start, end)])

describe('personal data', () => {
  it.each([
    ['email', 'write to <jane.doe+x@mail.example.co.uk>.', 'jane.doe+x@mail.example.co.uk'],
    ['email', "連絡先はo'neil@example.com、", "o'neil@example.com"],
    ['card', 'card 4111 1111 1111 1111 123', '4111 1111 1111 1111'],
    ['card', '{"card":4111111111111111}', '4111111111111111'],
    ['card', 'amex 3782-822463-10005', '3782-822463-10005'],
    ['card', '2023 4111 1111 1111 1111', '4111 1111 1111 1111'],
    ['iban', 'to GB29 NWBK 6016 1331 9268 19 today', 'GB29 NWBK 6016 1331 9268 19'],
    ['iban', 'MT84 MALT 0110 0001 2345 MTLC AST0 01S.', 'MT84 MALT 0110 0001 2345 MTLC AST0 01S'],
    ['iban', 'de89370400440532013000', 'de89370400440532013000'],
    ['ip', 'from 203.0.113.7:443 at', '203.0.113.7'],
    ['ip', '(2001:db8::8a2e:370:7334)', '2001:db8::8a2e:370:7334'],
    ['phone', '+44 20 7946 0958', '+44 20 7946 0958'],
    ['phone', 'call (212) 555-2368 now', '(212) 555-2368'],
    ['national_id', 'DNI 12345678Z', '12345678Z'],
    ['national_id', 'RSSMRA85T10A562S', 'RSSMRA85T10A562S'],
    ['national_id', '131052-308T', '131052-308T'],
    ['national_id', '529.982.247-25', '529.982.247-25'],
    ['national_id', '11010519491231002X', '11010519491231002X'],
  ])('%s in %j', (kind, text, expected) => {
    expect(found(text)).toEqual([[kind, expected]])
  })

  it.each([
    'order 4111111111111112, placed 2024-01-15 10:30:00',
    'GB29 NWBK 6016 1331 9268 18',
    'version 1.2.3.4, v10.0.0.1, 127.0.0.1, 1.2.3.4-beta, 300.1.2.3',
    'icon@2x.png git@github.com:team/project npm@1.2.3 @mention',
    '12345678A 131052-308U 529.982.247-26',
    '12:34:56 aa:bb:cc:dd:ee:ff std::vector',
    'plain words, and nothing else',
  ])('none in %j', text => {
    expect(found(text)).toEqual([])
  })

  it('counts offsets in UTF-16 code units', () => {
    expect(found('👩‍👩‍👧 e\u0301 𝟙 jane@example.com')).toEqual([['email', 'jane@example.com']])
  })

  it('looks for the kinds alone that it is told to', () => {
    const emails = createPiiDetector({ kinds: ['email'], phoneCountries: [] })
    expect(emails.find('4111111111111111 jane@example.com')).toHaveLength(1)
  })
})
