import { KINDS, kindOfPrompt } from '@atp/simulated-provider'
import { describe, expect, it } from 'vitest'
import { judge } from '../../src/demo/judge.ts'
import { PROMPTS, promptSequence } from '../../src/demo/prompts/index.ts'

const ALL = Object.values(PROMPTS).flat()

describe('the prompts', () => {
  it('are more than three hundred, in every kind, none twice', () => {
    expect(ALL.length).toBeGreaterThan(300)
    expect(new Set(ALL).size).toBe(ALL.length)
    expect(Object.keys(PROMPTS)).toEqual([...KINDS])
  })

  it.each(KINDS)('of the kind %s are taken for it by the simulated models', kind => {
    const mistaken = PROMPTS[kind].filter(prompt => kindOfPrompt(prompt) !== kind)
    expect(mistaken.length / PROMPTS[kind].length, mistaken.join('\n')).toBeLessThanOrEqual(0.05)
  })

  it('come with the kinds in turn, each prompt once before any comes again', () => {
    const sequence = promptSequence(ALL.length)
    expect(new Set(sequence).size).toBe(ALL.length)
    expect(promptSequence(ALL.length + 5).slice(ALL.length)).toEqual(sequence.slice(0, 5))
    for (let i = 0; i + 5 <= sequence.length; i += 5) {
      const kinds = sequence
        .slice(i, i + 5)
        .map(prompt => Object.values(PROMPTS).findIndex(kind => kind.includes(prompt)))
      expect(new Set(kinds).size).toBe(5)
    }
  })
})

describe('the judge', () => {
  it.each([
    ['Yes.\n\n[simulated answer; quality 0.83]', 0.83],
    ['[simulated answer; quality 1.00]\n', 1],
    ['[simulated answer; quality 0.5] and more', null],
    ['quality 0.83', null],
    ['', null],
    [null, null],
  ])('reads %j as %s', (text, quality) => {
    expect(judge(text)).toBe(quality)
  })
})
