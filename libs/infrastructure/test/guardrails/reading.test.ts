/** A text that comes in parts is read as the whole is, in bounded time, and with little held back. */
import type { Detector, Span } from '@atp/domain/guardrail'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPatternDetector } from '../../src/guardrails/patterns.ts'
import { WINDOW } from '../../src/guardrails/pii/clusters.ts'
import { cuts, hardText, partsOf, patterns, pii } from './support.ts'

interface Read {
  readonly text: string
  readonly spans: readonly Span[]
  readonly mostHeld: number
}

function readIn(detector: Detector, parts: readonly string[]): Read {
  const reading = detector.reading()
  const spans: Span[] = []
  let text = ''
  let pushed = 0
  let mostHeld = 0
  const take = (decided: { readonly text: string; readonly spans: readonly Span[] }) => {
    for (const { start, end, kind } of decided.spans) {
      spans.push({ start: start + text.length, end: end + text.length, kind })
    }
    text += decided.text
  }
  for (const part of parts) {
    take(reading.push(part))
    pushed += part.length
    mostHeld = Math.max(mostHeld, pushed - text.length)
  }
  take(reading.end())
  return { text, spans, mostHeld }
}

describe.each([
  ['personal data', pii, WINDOW + 8],
  ['patterns', patterns, 48],
])('%s in a text that comes in parts', (_, detector, bound) => {
  it('are those of the whole, however it is cut', () => {
    fc.assert(
      fc.property(hardText, cuts, (text, lengths) => {
        const whole = readIn(detector, [text])
        const cut = readIn(detector, partsOf(text, lengths))
        expect(whole.text).toBe(text)
        expect(cut.text).toBe(text)
        expect(cut.spans).toEqual(whole.spans)
      }),
      { numRuns: 400 },
    )
  })

  it('hold back no more than the longest of them', () => {
    fc.assert(
      fc.property(hardText, text => {
        expect(readIn(detector, [...text]).mostHeld).toBeLessThanOrEqual(bound)
      }),
      { numRuns: 100 },
    )
  })
})

it('personal data in a whole text are those that a reading finds', () => {
  fc.assert(
    fc.property(hardText, text => {
      expect(pii.find(text)).toEqual(readIn(pii, [text]).spans)
    }),
  )
})

it('blocks of patterns end between characters, not within one', () => {
  const reading = patterns.reading()
  expect(reading.push(`a${'👩'.repeat(40)}`).text.isWellFormed()).toBe(true)
})

it('clean words are held back no longer than a word', () => {
  const reading = pii.reading()
  expect(reading.push('The year 2024 was go').text).toBe('The year 2024 was ')
  expect(reading.push('od. ').text).toBe('good. ')
})

// What takes milliseconds has ten seconds: it detects a hang, nothing else.
it.each([
  '@',
  'a@',
  'a.',
  '1.',
  '1 ',
  '1-',
  '4111 ',
  ':',
  'a:',
  '0:',
  'AB12 ',
  'AB12',
  '+1 ',
  '(1',
  '+',
  '1/1/',
  'x-1',
  ' ',
])('a quarter of a megabyte of %j does not make it hang', { timeout: 10_000 }, piece => {
  const text = piece.repeat(Math.ceil(262_144 / piece.length))
  expect(readIn(pii, [text]).text).toHaveLength(text.length)
})

it('a pattern that backtracks elsewhere is read once', { timeout: 10_000 }, () => {
  const detector = createPatternDetector({ rules: [{ name: 'evil', pattern: '(a+)+$' }], span: 128 })
  expect(detector.find(`${'a'.repeat(20_000)}!`)).toEqual([])
})
