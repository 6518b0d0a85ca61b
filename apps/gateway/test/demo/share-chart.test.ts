import { describe, expect, it } from 'vitest'
import { reportOf } from '../../src/demo/demo-report.ts'
import { shareChart } from '../../src/demo/share-chart.ts'

function answersOf(arms: readonly string[]) {
  return arms.map(arm => ({ arm, quality: 0.5, costUsd: 0.001, latencyMs: 10 }))
}

function chartOf(routed: readonly string[], arms = ['up/a', 'up/b']) {
  const findings = { preference: 'balanced', arms, failed: 0, interrupted: false, elapsedMs: 1 }
  return shareChart(reportOf({ ...findings, routed: answersOf(routed), pinned: answersOf(arms) }))
}

describe('the chart of the demo', () => {
  it('stacks one area a model, the shares of each stretch adding up to the whole height', () => {
    const chart = chartOf(Array.from({ length: 240 }, (_, index) => (index % 4 === 0 ? 'up/a' : 'up/b')))
    const areas = [...chart.matchAll(/<polygon fill="[^"]+" points="([^"]+)"/g)].map(([, points]) =>
      (points as string).split(' ').map(point => Number(point.split(',')[1])),
    )
    expect(areas).toHaveLength(2)
    const tops = areas.at(-1)?.slice(0, 24)
    expect(new Set(tops)).toEqual(new Set([64]))
    expect(chart).toContain('>up/a</text>')
    expect(chart).toContain('quality')
  })

  it('bears any name of a model', () => {
    expect(chartOf(['up/<&>'], ['up/<&>'])).toContain('up/&lt;&amp;&gt;')
  })
})
