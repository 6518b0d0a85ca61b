import { describe, expect, it } from 'vitest'
import { replaceBetweenMarkers } from '../shared/readme-table.ts'
import { estimateMedian, estimateRatio } from '../shared/statistics.ts'

describe('the median and its interval', () => {
  it('takes the ranks of the sign test: 2 and 9 of 10, 4 and 12 of 15', () => {
    const upTo = (n: number) => Array.from({ length: n }, (_, k) => n - k)
    expect(estimateMedian(upTo(10))).toEqual({ median: 5.5, low: 2, high: 9 })
    expect(estimateMedian(upTo(15))).toEqual({ median: 8, low: 4, high: 12 })
    expect(estimateMedian(upTo(5))).toEqual({ median: 3, low: 1, high: 5 })
  })

  it('pairs the rounds of a ratio, so that a slow round cancels out', () => {
    expect(estimateRatio([1, 20, 3], [2, 40, 6])).toEqual({ median: 0.5, low: 0.5, high: 0.5 })
    expect(() => estimateRatio([1], [1, 2])).toThrow(RangeError)
    expect(() => estimateMedian([])).toThrow(RangeError)
  })
})

describe('the table in a document', () => {
  it('replaces what stands between its markers and nothing else', () => {
    const text = 'a\n<!-- t -->\nold\n<!-- /t -->\nb'
    const replaced = replaceBetweenMarkers(text, 't', '| new |')
    expect(replaced).toBe('a\n<!-- t -->\n| new |\n<!-- /t -->\nb')
    expect(replaceBetweenMarkers(replaced, 't', '| new |')).toBe(replaced)
    expect(() => replaceBetweenMarkers(text, 'other', '')).toThrow('<!-- other -->')
  })
})
