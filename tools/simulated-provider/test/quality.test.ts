import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CATALOGUE, KINDS, kindOfPrompt } from '../src/index.ts'
import { drawQuality, HIGHEST_MEAN, LOWEST_MEAN } from '../src/quality.ts'
import { tokenize } from '../src/tokens.ts'

describe('the quality of an answer', () => {
  it('depends on nothing but seed, model and prompt', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer(),
        fc.string(),
        fc.string(),
        (mean, seed, model, prompt) => {
          const quality = drawQuality(mean, seed, model, prompt)
          expect(quality).toBe(drawQuality(mean, seed, model, prompt))
          expect(quality).toBeGreaterThanOrEqual(0)
          expect(quality).toBeLessThanOrEqual(1)
        },
      ),
    )
  })

  it.each(CATALOGUE)('of $name has the mean that the catalogue says, by kind', ({ name, quality }) => {
    for (const kind of KINDS) {
      expect(quality[kind]).toBeGreaterThanOrEqual(LOWEST_MEAN)
      expect(quality[kind]).toBeLessThanOrEqual(HIGHEST_MEAN)
      const draws = Array.from({ length: 4000 }, (_, i) =>
        drawQuality(quality[kind], 1, name, `${kind} ${i}`),
      )
      const mean = draws.reduce((sum, draw) => sum + draw, 0) / draws.length
      expect(Math.abs(mean - quality[kind])).toBeLessThan(0.03)
    }
  })

  it('of a better model is better on more of the same prompts, but not on all: there is something to learn', () => {
    const draws = (model: string, mean: number) =>
      Array.from({ length: 1000 }, (_, i) => drawQuality(mean, 1, model, `${i}`))
    const good = draws('good', 0.9)
    const poor = draws('poor', 0.5)
    const wins = good.filter((quality, i) => quality > (poor[i] as number)).length
    expect(wins).toBeGreaterThan(500)
    expect(wins).toBeLessThan(1000)
  })
})

describe('the kind of a prompt', () => {
  it.each([
    ['code', 'Write a TypeScript function that debounces another one.'],
    ['maths', 'What is the probability of two sixes in a row?'],
    ['extraction', 'Extract every date from this letter: ...'],
    ['summary', 'Summarise this function in one sentence.'],
    ['chat', 'What should I cook for my sister’s birthday?'],
  ] as const)('%s: %s', (kind, prompt) => {
    expect(kindOfPrompt(prompt)).toBe(kind)
  })
})

it('tokens join to the text that they came from', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), text => tokenize(text).join('') === text))
})
