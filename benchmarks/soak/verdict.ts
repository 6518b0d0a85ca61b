/** Whether what a process holds stays flat: by its slope, and by what the last third of the time has beyond the first. */
import { median } from '../shared/statistics.ts'
import type { Held, Sample } from './sample.ts'

/** Share of the time in which caches fill and the heap finds its size. */
const WARM_UP = 0.3
/** What may come beyond the first third, as a share and as a count: a heap breathes, and a connection or two come and go. */
const ALLOWED: Readonly<Record<Held, { readonly share: number; readonly count: number }>> = {
  rss: { share: 0.1, count: 8 },
  handles: { share: 0, count: 8 },
  sockets: { share: 0, count: 8 },
  timers: { share: 0, count: 8 },
}

export interface HeldVerdict {
  readonly held: Held
  /** Medians after the warm-up. */
  readonly firstThird: number
  readonly lastThird: number
  /** A minute: the median of the slopes between all pairs of samples (Theil and Sen), which no outlier moves. */
  readonly slope: number
  readonly isFlat: boolean
}

/** @throws {RangeError} of fewer than 10 samples: they say nothing */
export function verdictsOf(samples: readonly Sample[]): HeldVerdict[] {
  if (samples.length < 10) throw new RangeError(`10 samples or more are needed, found ${samples.length}`)
  const settled = samples.slice(Math.floor(samples.length * WARM_UP))
  const third = Math.ceil(settled.length / 3)
  return (Object.keys(ALLOWED) as Held[]).map(held => {
    const of = (some: readonly Sample[]): number => median(some.map(sample => sample[held]))
    const [firstThird, lastThird] = [of(settled.slice(0, third)), of(settled.slice(-third))]
    const { share, count } = ALLOWED[held]
    const isFlat = lastThird - firstThird <= firstThird * share + count
    return { held, firstThird, lastThird, slope: slopeOf(settled, held), isFlat }
  })
}

function slopeOf(samples: readonly Sample[], held: Held): number {
  const slopes: number[] = []
  for (const [index, from] of samples.entries()) {
    for (const to of samples.slice(index + 1)) {
      slopes.push(((to[held] - from[held]) * 60) / (to.seconds - from.seconds))
    }
  }
  return median(slopes)
}

const UNITS: Readonly<Record<Held, string>> = {
  rss: 'MiB',
  handles: 'open files',
  sockets: 'sockets',
  timers: 'timers',
}

/** For a person. */
export function verdictText(verdicts: readonly HeldVerdict[]): string {
  const lines = verdicts.map(({ held, firstThird, lastThird, slope, isFlat }) => {
    const [from, to] = [firstThird.toFixed(1), lastThird.toFixed(1)]
    return `${isFlat ? 'flat ' : 'GROWS'} ${held}: ${from} to ${to} ${UNITS[held]}, ${slope.toFixed(2)} a minute`
  })
  return [...lines, verdicts.every(({ isFlat }) => isFlat) ? 'nothing grows' : 'something grows'].join('\n')
}
