/** What a closed loop is judged by, and how tables write it. */
import type { Estimate } from '../shared/statistics.ts'
import type { Rounds } from './measure.ts'

export interface Figure {
  readonly key: keyof Rounds
  /** Appended to the names of the results. */
  readonly name: string
  readonly title: string
  readonly unit: string
}

/** @param server whose processor time is told */
export function figuresOf(server: string): readonly Figure[] {
  return [
    { key: 'requestsPerSecond', name: '', title: 'requests/s', unit: 'requests/s' },
    { key: 'p50', name: ' p50', title: 'p50, ms', unit: 'ms' },
    { key: 'p99', name: ' p99', title: 'p99, ms', unit: 'ms' },
    { key: 'cpu', name: ' cpu', title: `${server}'s CPU, µs a request`, unit: 'µs' },
  ]
}

export function settingsText(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} ${value}`)
    .join('; ')
}

export function estimateText({ median, low, high }: Estimate, digits: number): string {
  const [middle, from, to] = [median, low, high].map(value =>
    digits === 0 ? Math.round(value).toLocaleString('en') : value.toFixed(digits),
  )
  return `${middle} (${from} to ${to})`
}

export function number(value: number): string {
  return value < 100 ? value.toFixed(2) : Math.round(value).toLocaleString('en')
}
