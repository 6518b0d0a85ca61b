import { readFileSync } from 'node:fs'
import { createPiiDetector, PII_KINDS } from '@atp/infrastructure/guardrails'
import { describe, expect, it } from 'vitest'
import { asLines, makeSet, SET_FILE } from '../guardrails/labelled-set.ts'
import { precisionOf, recallOf, score } from '../guardrails/score.ts'

const set = makeSet()

describe('the labelled set', () => {
  it('is what its seed makes of its templates', () => {
    expect(readFileSync(SET_FILE, 'utf8')).toBe(asLines(set))
  })

  it('has every kind in both parts, and texts with nothing in them', () => {
    for (const part of ['development', 'held_out']) {
      const own = set.filter(text => text.part === part)
      const kinds = new Set(own.flatMap(({ labels }) => labels.map(({ kind }) => kind)))
      expect(kinds).toEqual(new Set(PII_KINDS))
      expect(own.some(({ labels }) => labels.length === 0)).toBe(true)
    }
  })
})

it('nearly all of the part that the rules were made with is found, and nearly nothing else', () => {
  const detector = createPiiDetector({
    kinds: PII_KINDS,
    phoneCountries: ['US', 'GB', 'DE', 'FR', 'ES', 'BR'],
  })
  const seen = set.filter(({ part }) => part === 'development')
  for (const own of score(detector, seen, PII_KINDS)) {
    expect(precisionOf(own), `precision of ${own.kind}`).toBeGreaterThanOrEqual(0.99)
    expect(recallOf(own), `recall of ${own.kind}`).toBeGreaterThanOrEqual(0.99)
  }
})
