/** The demo's last word: where the traffic went, and what it came to. */
import { textTable } from '../text-table.ts'
import type { DemoReport } from './demo-report.ts'
import type { Figures } from './figures.ts'

export function renderReport(report: DemoReport): string {
  const { routed, preference, elapsedMs, failed, interrupted } = report
  if (routed.answers === 0)
    return `nothing was answered${failed === 0 ? '' : `, ${failed} requests failed`}\n`
  const seconds = (elapsedMs / 1000).toFixed(1)
  const remarks = `${failed === 0 ? '' : `, ${failed} failed`}${interrupted ? ', stopped early' : ''}`
  return [
    `${routed.answers} prompts routed, preference ${preference}, ${seconds} s in all${remarks}`,
    '',
    textTable(['share of traffic', 'first quarter', 'last quarter'], report.shares.map(sharesRow)),
    '',
    textTable(['', 'quality', '$ per 1,000', 'median latency'], policies(report)),
    '',
    caption(report),
    '',
  ].join('\n')
}

function sharesRow({ arm, firstQuarter, lastQuarter }: DemoReport['shares'][number]): string[] {
  return [arm, percent(firstQuarter), percent(lastQuarter)]
}

function policies({ routed, lastQuarter, pinned, best, cheapest }: DemoReport): string[][] {
  const rows = [figuresRow('routed, all', routed), figuresRow('routed, last quarter', lastQuarter)]
  for (const [name, arm] of [
    ['always-best', best],
    ['always-cheapest', cheapest],
  ] as const) {
    const figures = arm === null ? undefined : pinned.get(arm)
    if (figures !== undefined) rows.push(figuresRow(`${name}: ${arm}`, figures))
  }
  return rows
}

function figuresRow(name: string, { quality, costUsd, medianLatencyMs }: Figures): string[] {
  return [name, quality.toFixed(2), (costUsd * 1000).toFixed(3), `${Math.round(medianLatencyMs)} ms`]
}

function caption({ pinned, best }: DemoReport): string {
  const judged = 'Quality is what the simulated models say of their own answers.'
  const sample = best === null ? 0 : (pinned.get(best)?.answers ?? 0)
  return sample === 0
    ? `${judged}\nThe models were not measured alone.`
    : `${judged}\nBest and cheapest are as measured: the first ${sample} of the same prompts, sent to each\nmodel alone after the routed part.`
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}
