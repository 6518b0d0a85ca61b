/** What each policy earns against what it spends, as SVG: the routed ones as lines over the budgets, single models as points. */
import type { RoutingResult } from './report.ts'

const SIZE = { width: 860, height: 420 }
const PLOT = { left: 64, top: 40, width: 560, height: 320 }
const LINES = [
  { policy: 'atp', name: 'atp, over HTTP and in the harness alike', colour: '#0969da' },
  { policy: 'best static mix', name: 'best blind mix of two, in hindsight', colour: '#8c959f' },
  { policy: 'clairvoyant inside the budget', name: 'clairvoyant inside the budget', colour: '#1a7f37' },
] as const
const GREY = 'fill="#57606a"'

interface Place {
  readonly costUsd: number
  readonly reward: number
}

/** Of the stationary rows. */
export function chartOf(results: readonly RoutingResult[]): string {
  const stationary = results.filter(({ scenario }) => scenario === 'stationary')
  const lines = LINES.map(line => ({ ...line, places: placesOf(stationary, line.policy) })).filter(
    ({ places }) => places.length > 0,
  )
  const models = [...new Set(stationary.map(({ policy }) => policy))]
    .filter(policy => policy.startsWith('always '))
    .map(policy => ({ name: policy, place: placesOf(stationary, policy)[0] as Place }))
  const scale = scaleOf([...lines.flatMap(({ places }) => places), ...models.map(({ place }) => place)])
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE.width} ${SIZE.height}" font-family="system-ui, sans-serif" font-size="13">`,
    `<rect width="${SIZE.width}" height="${SIZE.height}" fill="#ffffff"/>`,
    text(PLOT.left, 22, 'Mean reward against mean cost of a request', 'font-weight="600"'),
    ...axes(scale),
    ...lines.map(
      ({ places, colour }) =>
        `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${places.map(scale.point).join(' ')}"/>`,
    ),
    ...lines.flatMap(({ places, colour }) => places.map(place => dot(scale.point(place), colour))),
    ...models.map(({ place }) => dot(scale.point(place), '#cf222e')),
    ...models.map(({ name, place }) => label(scale.point(place), name)),
    ...legend(lines),
    '</svg>',
  ].join('\n')}\n`
}

function placesOf(results: readonly RoutingResult[], policy: string): Place[] {
  return results
    .filter(result => result.policy === policy)
    .map(({ costUsd, reward }) => ({ costUsd: costUsd.mean, reward: reward.mean }))
    .sort((a, b) => a.costUsd - b.costUsd)
}

interface Scale {
  readonly costs: readonly [number, number]
  readonly rewards: readonly [number, number]
  readonly point: (place: Place) => string
}

/** Costs on a logarithmic axis. */
function scaleOf(places: readonly Place[]): Scale {
  const costs = [
    Math.min(...places.map(p => p.costUsd)) / 1.5,
    Math.max(...places.map(p => p.costUsd)) * 1.5,
  ] as const
  const rewards = [
    Math.floor(20 * Math.min(...places.map(p => p.reward))) / 20,
    Math.ceil(20 * Math.max(...places.map(p => p.reward))) / 20,
  ] as const
  const point = ({ costUsd, reward }: Place): string => {
    const across = Math.log(costUsd / costs[0]) / Math.log(costs[1] / costs[0])
    const up = (reward - rewards[0]) / (rewards[1] - rewards[0])
    return `${(PLOT.left + PLOT.width * across).toFixed(1)},${(PLOT.top + PLOT.height * (1 - up)).toFixed(1)}`
  }
  return { costs, rewards, point }
}

function axes({ costs, rewards, point }: Scale): string[] {
  const bottom = PLOT.top + PLOT.height
  const powers = [-6, -5, -4, -3, -2, -1]
    .map(power => 10 ** power)
    .filter(usd => usd > costs[0] && usd < costs[1])
  const [low, high] = rewards
  const ticks = [low, (low + high) / 2, high]
  return [
    `<path d="M${PLOT.left},${PLOT.top}V${bottom}H${PLOT.left + PLOT.width}" fill="none" stroke="#d0d7de"/>`,
    ...powers.map(usd =>
      text(
        placed(point({ costUsd: usd, reward: low }))[0],
        bottom + 20,
        `$${usd}`,
        `text-anchor="middle" ${GREY}`,
      ),
    ),
    ...ticks.map(reward =>
      text(
        PLOT.left - 8,
        placed(point({ costUsd: costs[0], reward }))[1] + 4,
        reward.toFixed(3),
        `text-anchor="end" ${GREY}`,
      ),
    ),
  ]
}

function legend(lines: readonly { readonly name: string; readonly colour: string }[]): string[] {
  const left = PLOT.left + PLOT.width - 250
  return lines.flatMap(({ name, colour }, index) => {
    const y = PLOT.top + PLOT.height - 70 + 22 * index
    return [dot(`${left},${y}`, colour), text(left + 12, y + 4, name)]
  })
}

function dot(at: string, colour: string): string {
  const [x, y] = placed(at)
  return `<circle cx="${x}" cy="${y}" r="4" fill="${colour}"/>`
}

function label(at: string, name: string): string {
  const [x, y] = placed(at)
  return text(x + 8, y + 16, name, GREY)
}

function placed(at: string): [number, number] {
  return at.split(',').map(Number) as [number, number]
}

function text(x: number, y: number, content: string, attributes = ''): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return `<text x="${x}" y="${y}" ${attributes}>${escaped}</text>`
}
