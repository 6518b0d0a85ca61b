/** The demo as a picture: each model's share of the traffic over the run, stacked, and what that came to beside it. SVG. */
import type { DemoReport } from './demo-report.ts'
import type { Figures } from './figures.ts'
import { sharesOf } from './figures.ts'

const WIDTH = 880
const HEIGHT = 340
const PLOT = { left: 56, top: 64, width: 470, height: 220 }
const LEGEND_LEFT = PLOT.left + PLOT.width + 24
const WINDOWS = 24
const COLOURS = ['#2f6fdf', '#e0912f', '#3fa36b', '#b05cc6', '#d9534f', '#7a8794', '#26a5b8', '#a08a2c']

/** @returns a whole SVG document */
export function shareChart(report: DemoReport): string {
  const arms = report.shares.map(({ arm }) => arm)
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="13" fill="#24292f">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    text(
      PLOT.left,
      26,
      'Where the traffic goes while the gateway learns',
      'font-size="17" font-weight="600"',
    ),
    text(
      PLOT.left,
      47,
      `share of requests per model, ${report.routed.answers} simulated prompts, preference ${report.preference}`,
      'fill="#57606a"',
    ),
    ...areas(report, arms),
    ...axes(report.routed.answers),
    ...legend(report, arms),
    '</svg>',
  ].join('\n')}\n`
}

function areas({ routedArms }: DemoReport, arms: readonly string[]): string[] {
  const shares = windowsOf(routedArms)
  const below = shares.map(() => 0)
  return arms.map((arm, index) => {
    const lower = below.map((share, window) => point(window, share))
    shares.forEach((window, at) => {
      below[at] = (below[at] as number) + (window.get(arm) ?? 0)
    })
    const upper = below.map((share, window) => point(window, share))
    return `<polygon fill="${colour(index)}" points="${[...upper, ...lower.reverse()].join(' ')}"/>`
  })
}

/** Shares in so many stretches of equal length, from the first request to the last. */
function windowsOf(arms: readonly string[]): ReadonlyMap<string, number>[] {
  const size = Math.max(1, Math.ceil(arms.length / WINDOWS))
  const windows: ReadonlyMap<string, number>[] = []
  for (let from = 0; from < arms.length; from += size) {
    windows.push(sharesOf(arms.slice(from, from + size).map(arm => ({ arm }))))
  }
  return windows
}

function point(window: number, share: number): string {
  const x = PLOT.left + (PLOT.width * window) / (WINDOWS - 1)
  const y = PLOT.top + PLOT.height * (1 - share)
  return `${x.toFixed(1)},${y.toFixed(1)}`
}

function axes(requests: number): string[] {
  const bottom = PLOT.top + PLOT.height
  const shares = [0, 0.5, 1].map(share =>
    text(
      PLOT.left - 8,
      PLOT.top + PLOT.height * (1 - share) + 4,
      `${share * 100}%`,
      'text-anchor="end" fill="#57606a"',
    ),
  )
  const counts = [0, 0.5, 1].map(part =>
    text(
      PLOT.left + PLOT.width * part,
      bottom + 20,
      `${Math.round(requests * part)}`,
      'text-anchor="middle" fill="#57606a"',
    ),
  )
  return [
    ...shares,
    ...counts,
    text(PLOT.left + PLOT.width / 2, bottom + 40, 'requests', 'text-anchor="middle" fill="#57606a"'),
  ]
}

function legend(report: DemoReport, arms: readonly string[]): string[] {
  const rows = arms.flatMap((arm, index) => {
    const y = PLOT.top + 6 + index * 21
    const square = `<rect x="${LEGEND_LEFT}" y="${y - 6}" width="12" height="12" fill="${colour(index)}"/>`
    return [square, text(LEGEND_LEFT + 20, y + 5, arm)]
  })
  const top = PLOT.top + 30 + arms.length * 21
  const lines: [string, Figures | undefined][] = [
    ['routed, last quarter', report.lastQuarter],
    [`always ${report.best}`, report.pinned.get(report.best ?? '')],
    [`always ${report.cheapest}`, report.pinned.get(report.cheapest ?? '')],
  ]
  const figures = lines.flatMap(([name, found], index) => {
    if (found === undefined) return []
    const y = top + 24 + index * 21
    return [
      text(LEGEND_LEFT, y, name),
      text(LEGEND_LEFT + 232, y, found.quality.toFixed(2), 'text-anchor="end"'),
      text(LEGEND_LEFT + 306, y, `$${(found.costUsd * 1000).toFixed(3)}`, 'text-anchor="end"'),
    ]
  })
  const heads = [
    text(LEGEND_LEFT + 232, top, 'quality', 'text-anchor="end" fill="#57606a"'),
    text(LEGEND_LEFT + 306, top, 'per 1,000', 'text-anchor="end" fill="#57606a"'),
  ]
  return [...rows, ...heads, ...figures]
}

function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${x}" y="${y}" ${attributes}>${escaped(content)}</text>`
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function colour(index: number): string {
  return COLOURS[index % COLOURS.length] as string
}
