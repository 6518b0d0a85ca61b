/** Whatever figure of a snapshot is spoilt, and however: what comes of it is a legal estimate, and the other arms are as they were. */
import { describe, expect, it } from 'vitest'
import { NO_CONTEXT } from '../../src/observation/index.ts'
import { encodeFeatures } from '../../src/routing/contextual/features.ts'
import { armOf, requestOf, routingOver } from './catalogue.ts'
import { observationOf } from './observations.ts'

/** As JSON has them: it knows no NaN, which is null there. */
const HOSTILE: readonly unknown[] = [
  null,
  -1,
  -1e308,
  1e308,
  Number.MAX_SAFE_INTEGER,
  1e-300,
  0.5,
  '3',
  'NaN',
  true,
  [],
  {},
]

const FEATURES = Float64Array.from({ length: 37 }, (_, index) => (index === 0 ? 1 : (index % 5) / 5))
const DAY_MS = 86_400_000

function taught() {
  const setup = routingOver([armOf('sound'), armOf('spoilt')], DAY_MS)
  setup.router.plan(requestOf())
  const context = { ...NO_CONTEXT, features: encodeFeatures(FEATURES) }
  for (let step = 0; step < 40; step++) {
    const at = setup.clock.now() + step
    const told = { quality: (step % 5) / 5, latency: 100 + step, outputTokens: 50 + step, at }
    setup.learned.apply(observationOf('up/sound', told), context)
    setup.learned.apply(
      observationOf('up/spoilt', { ...told, outcome: step === 7 ? 'error' : 'success' }),
      context,
    )
  }
  return setup
}

type Json = Record<string, unknown>

/** Every place in it, with a key that leads there. */
function* placesIn(value: unknown, path: readonly string[] = []): Generator<readonly string[]> {
  if (path.length > 0) yield path
  if (typeof value !== 'object' || value === null) return
  // The first figures of a list are its version and its header; the others are alike.
  for (const key of Object.keys(value).slice(0, 7)) yield* placesIn((value as Json)[key], [...path, key])
}

function spoil(stored: Json, path: readonly string[], figure: unknown): Json {
  const copy = structuredClone(stored)
  const [last, ...way] = [...path].reverse()
  const holder = way.reverse().reduce<Json>((value, key) => value[key] as Json, copy)
  holder[last as string] = figure
  return copy
}

function estimates(setup: ReturnType<typeof routingOver>) {
  const strategies = ['thompson', 'linthompson'] as const
  return new Map(
    strategies.flatMap(strategy => {
      const plan = setup.router.plan(requestOf({ strategy, features: FEATURES }))
      return plan.candidates.map(
        ({ arm, estimate, score }) => [`${arm} ${strategy}` as string, { ...estimate, score }] as const,
      )
    }),
  )
}

function expectLegal(estimate: Record<string, number | null> | undefined): void {
  const { qualityMean, alpha, beta, reliability, costUsd, latencyMs, outputTokens, score } =
    estimate as Record<string, number>
  const within = (figure: number | undefined, least: number, most: number) => {
    expect(figure).toBeGreaterThanOrEqual(least)
    expect(figure).toBeLessThanOrEqual(most)
  }
  within(qualityMean, 0, 1)
  within(reliability, 0, 1)
  within(costUsd, 0, 1e6)
  within(outputTokens, 0, 1e9)
  within(latencyMs, 0, 1e12)
  if (alpha !== null) within(alpha, Number.MIN_VALUE, 1e16)
  if (beta !== null && alpha !== null) within(beta, Number.MIN_VALUE, 1e16)
  expect(Number.isFinite(score)).toBe(true)
}

describe('a snapshot with one figure spoilt', () => {
  const before = taught()
  const stored = JSON.parse(JSON.stringify(before.learned.snapshot())) as Record<string, Json>
  const places = [...placesIn(stored['up/spoilt'])]

  it('has a version, figures and parts to spoil', () => {
    expect(places.length).toBeGreaterThan(40)
  })

  it.each(places.map(path => [path.join('.'), path] as const))('is never fatal: %s', (_name, path) => {
    for (const figure of HOSTILE) {
      const after = routingOver([armOf('sound'), armOf('spoilt')], DAY_MS)
      after.router.plan(requestOf())
      const warnings: string[] = []
      const spoilt = { ...stored, 'up/spoilt': spoil(stored['up/spoilt'] as Json, path, figure) }
      after.learned.restore(JSON.parse(JSON.stringify(spoilt)), warning => warnings.push(warning))
      expect(warnings.filter(warning => !warning.includes('up/spoilt'))).toEqual([])
      for (const [name, estimate] of estimates(after)) {
        if (name.startsWith('up/spoilt')) expectLegal(estimate as never)
      }
      expect(after.learned.snapshot()['up/sound']).toEqual(stored['up/sound'])
      // And it goes on learning.
      const at = after.clock.now() + 1_000
      after.learned.apply(observationOf('up/spoilt', { quality: 1, latency: 10, at }), NO_CONTEXT)
      expectLegal(estimates(after).get('up/spoilt thompson') as never)
      JSON.stringify(after.learned.snapshot(), (_key, value) => {
        if (typeof value === 'number') expect(Number.isFinite(value)).toBe(true)
        return value
      })
    }
  })
})
