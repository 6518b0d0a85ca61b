/** Overshoot of requests as bars, one group a load: what is at zero kept its limit. */
import { LIMIT, LOADS, type Overshoot } from './overshoot.ts'

const SIZE = { width: 860, height: 380 }
const PLOT = { left: 64, top: 64, width: 776, height: 250 }
const COLOURS = ['#0969da', '#bf8700', '#8250df', '#1a7f37', '#cf222e']
const GREY = 'fill="#57606a"'

export function chartOf(measured: readonly Overshoot[]): string {
  const sides = [...new Set(measured.map(({ side }) => side))]
  const percentOf = ({ overshootRequests }: Overshoot) => (100 * overshootRequests) / LIMIT
  const most = Math.max(100, 100 * Math.ceil(Math.max(...measured.map(percentOf)) / 100))
  const bottom = PLOT.top + PLOT.height
  const heightOf = (percent: number) => (PLOT.height * percent) / most
  const group = PLOT.width / LOADS.length
  const bar = (0.8 * group) / sides.length
  const bars = LOADS.flatMap((load, place) =>
    sides.map((side, index) => {
      const found = measured.find(
        one => one.side === side && one.processes === load.processes && one.concurrent === load.concurrent,
      )
      const percent = found === undefined ? 0 : percentOf(found)
      const x = PLOT.left + place * group + 0.1 * group + index * bar
      const height = Math.max(1, heightOf(percent))
      return [
        `<rect x="${x.toFixed(1)}" y="${(bottom - height).toFixed(1)}" width="${(bar - 2).toFixed(1)}" height="${height.toFixed(1)}" fill="${COLOURS[index]}"/>`,
        text(
          x + bar / 2 - 1,
          bottom - height - 4,
          percent.toFixed(0),
          `text-anchor="middle" font-size="11" ${GREY}`,
        ),
      ].join('')
    }),
  )
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE.width} ${SIZE.height}" font-family="system-ui, sans-serif" font-size="13">`,
    `<rect width="${SIZE.width}" height="${SIZE.height}" fill="#ffffff"/>`,
    text(PLOT.left, 22, 'Requests beyond the limit in the worst window, in % of it', 'font-weight="600"'),
    `<path d="M${PLOT.left},${PLOT.top}V${bottom}H${PLOT.left + PLOT.width}" fill="none" stroke="#d0d7de"/>`,
    ...[0, most / 2, most].map(percent =>
      text(PLOT.left - 8, bottom - heightOf(percent) + 4, `${percent}%`, `text-anchor="end" ${GREY}`),
    ),
    ...bars,
    ...LOADS.map(({ processes, concurrent }, place) =>
      text(
        PLOT.left + (place + 0.5) * group,
        bottom + 20,
        `${processes} x ${concurrent.toLocaleString('en')}`,
        'text-anchor="middle"',
      ),
    ),
    text(
      PLOT.left + PLOT.width / 2,
      bottom + 42,
      'processes x requests at one time',
      `text-anchor="middle" ${GREY}`,
    ),
    ...sides.map((side, index) => legend(side, index)),
    '</svg>',
  ].join('\n')}\n`
}

function legend(side: string, index: number): string {
  const x = PLOT.left + 165 * index
  return `<circle cx="${x}" cy="42" r="5" fill="${COLOURS[index]}"/>${text(x + 10, 46, side, 'font-size="11"')}`
}

function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${content}</text>`
}
