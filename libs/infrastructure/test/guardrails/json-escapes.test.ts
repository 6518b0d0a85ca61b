/** What JSON writes as escapes hides nothing, and a placeholder leaves it JSON. */
import { Findings, filterOf, filterWhole } from '@atp/domain/guardrail'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cuts, hardText, MASKING, partsOf, pii } from './support.ts'

const PII = [{ name: 'pii', mode: 'mask', detector: pii }] as const
const findings = () => new Findings(() => undefined)

function inParts(parts: readonly string[], isJson: boolean, guards: Parameters<typeof filterOf>[0] = PII) {
  const filter = filterOf(guards, { direction: 'output', where: 'here', isJson }, findings())
  return parts.map(part => filter.push(part)).join('') + filter.end()
}

describe.each([true, false])('personal data in JSON (known to be: %s)', isJson => {
  it.each([
    ['a line feed before a card', '{"a":"x\\n4111 1111 1111 1111"}', '{"a":"x\\n[CARD]"}'],
    ['a line feed before an address', '{"a":"x\\njane@example.com"}', '{"a":"x\\n[EMAIL]"}'],
    ['a tab before an IBAN', '{"a":"x\\tDE89370400440532013000"}', '{"a":"x\\t[IBAN]"}'],
    ['a return before a number', '{"a":"x\\r\\n+44 20 7946 0958\\n"}', '{"a":"x\\r\\n[PHONE]\\n"}'],
    ['a letter by its code', '{"a":"m\\u00fcller@example.com"}', '{"a":"[EMAIL]"}'],
    ['the sign by its code', '{"a":"jane\\u0040example.com\\u0021"}', '{"a":"[EMAIL]\\u0021"}'],
    ['a quoted one', '{"a":"\\"jane@example.com\\""}', '{"a":"\\"[EMAIL]\\""}'],
    ['a backslash before one', '{"a":"\\\\njane@example.com"}', '{"a":"\\\\[EMAIL]"}'],
    ['one in a list', '[{"a":"x\\njane@example.com"}]', '[{"a":"x\\n[EMAIL]"}]'],
    ['a domain before a name', '{"a":"CORP\\jane@example.com"}', '{"a":"CORP\\[EMAIL]"}'],
    ['what is no escape', '{"a":"\\u00zz jane@example.com \\u0', '{"a":"\\u00zz [EMAIL] \\u0'],
  ])('%s is masked, whole and in parts', (_, text, masked) => {
    expect(filterWhole(PII, { direction: 'input', where: 'here', isJson }, findings(), text)).toBe(masked)
    expect(inParts([text], isJson)).toBe(masked)
    expect(inParts(partsOf(text, [1]), isJson)).toBe(masked)
  })
})

it('a masked JSON is JSON, however it is cut', () => {
  fc.assert(
    fc.property(
      fc.array(hardText, { minLength: 1, maxLength: 3 }),
      cuts,
      fc.boolean(),
      (texts, lengths, ascii) => {
        const json = JSON.stringify({ texts })
        const text = ascii
          ? json.replace(/[^\0-\x7f]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
          : json
        const whole = inParts([text], true, MASKING)
        expect(inParts(partsOf(text, lengths), true, MASKING)).toBe(whole)
        expect(() => JSON.parse(inParts([text], true)) as unknown).not.toThrow()
      },
    ),
    { numRuns: 200 },
  )
})

it.each([
  ['[{"card": 4111111111111111}]', '[{"card": "[CARD]"}]'],
  [' [ "x", 4111111111111111]', ' [ "x", "[CARD]"]'],
  ['[1] see jane@example.com', '[1] see [EMAIL]'],
  ['jane@example.com, [{', '[EMAIL], [{'],
])('a number in a list gives way to a string, and a note is no list: %s', (text, masked) => {
  expect(inParts([text], false)).toBe(masked)
  expect(inParts(partsOf(text, [1]), false)).toBe(masked)
})

it('a backslash in prose is only that', () => {
  const text = 'C:\\njane@example.com'
  expect(inParts(partsOf(text, [1]), false)).toBe('C:\\[EMAIL]')
})
