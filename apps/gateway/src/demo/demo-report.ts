/** What the demo found: how the traffic moved, and what that came to against the two policies that need no router. */
import { type Figures, figuresOf, type JudgedAnswer, sharesOf } from './figures.ts'

export interface DemoReport {
  readonly preference: string
  readonly routed: Figures
  /** The arm of each routed answer, in the order in which they were asked. */
  readonly routedArms: readonly string[]
  readonly firstQuarter: Figures
  readonly lastQuarter: Figures
  /** By arm, the busiest at the end first. */
  readonly shares: readonly {
    readonly arm: string
    readonly firstQuarter: number
    readonly lastQuarter: number
  }[]
  /** The same prompts pinned to one model each; empty where the demo was stopped before. */
  readonly pinned: ReadonlyMap<string, Figures>
  /** The arm of the highest quality in the pinned sample, and the one of the lowest cost. */
  readonly best: string | null
  readonly cheapest: string | null
  /** Requests that the gateway answered with an error. */
  readonly failed: number
  readonly interrupted: boolean
  readonly elapsedMs: number
}

export interface Findings {
  readonly preference: string
  readonly routed: readonly JudgedAnswer[]
  readonly pinned: readonly JudgedAnswer[]
  readonly arms: readonly string[]
  readonly failed: number
  readonly interrupted: boolean
  readonly elapsedMs: number
}

export function reportOf(findings: Findings): DemoReport {
  const { routed, pinned, arms, ...rest } = findings
  const quarter = Math.ceil(routed.length / 4)
  const first = routed.slice(0, quarter)
  const last = routed.slice(routed.length - quarter)
  const before = sharesOf(first)
  const after = sharesOf(last)
  // A sample that was stopped short is no fair rival.
  const measured = findings.interrupted
    ? []
    : [...figuresByArm(pinned, arms)].filter(([, { answers }]) => answers > 0)
  return {
    ...rest,
    routed: figuresOf(routed),
    routedArms: routed.map(({ arm }) => arm),
    firstQuarter: figuresOf(first),
    lastQuarter: figuresOf(last),
    shares: arms
      .map(arm => ({ arm, firstQuarter: before.get(arm) ?? 0, lastQuarter: after.get(arm) ?? 0 }))
      .sort((a, b) => b.lastQuarter - a.lastQuarter),
    pinned: new Map(measured),
    best: extreme(measured, ({ quality }) => quality),
    cheapest: extreme(measured, ({ costUsd }) => -costUsd),
  }
}

function figuresByArm(answers: readonly JudgedAnswer[], arms: readonly string[]): Map<string, Figures> {
  return new Map(arms.map(arm => [arm, figuresOf(answers.filter(answer => answer.arm === arm))]))
}

function extreme(
  arms: readonly (readonly [string, Figures])[],
  merit: (figures: Figures) => number,
): string | null {
  let found: readonly [string, Figures] | null = null
  for (const arm of arms) if (found === null || merit(arm[1]) > merit(found[1])) found = arm
  return found?.[0] ?? null
}
