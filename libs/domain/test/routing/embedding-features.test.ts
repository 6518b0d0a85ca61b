import { ManualClock } from '@atp/core/clock'
import type { ArmId } from '@atp/core/ids'
import { PROMPT_FEATURES, typescriptNative } from '@atp/native'
import { describe, expect, it } from 'vitest'
import { NO_CONTEXT } from '../../src/observation/index.ts'
import { decodeFeatures } from '../../src/routing/contextual/features.ts'
import {
  EMBEDDED_PROMPT_FEATURES,
  encodeFeatures,
  featuresOf,
  LearnedState,
  withEmbedding,
} from '../../src/routing/index.ts'
import { armOf } from './catalogue.ts'
import { MemoryContexts } from './memory-contexts.ts'
import { observationOf } from './observations.ts'

const FEATURES = featuresOf('What is 17 * 23? Show each step.', typescriptNative)

/** Box and Muller, from a generator that any run repeats. */
function normals(count: number, seed: number): Float64Array {
  let state = seed
  const uniform = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state + 0.5) / 2 ** 32
  }
  return Float64Array.from(
    { length: count },
    () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  )
}

const further = (vector: Float64Array | null) => withEmbedding(FEATURES, vector).subarray(PROMPT_FEATURES)

const cosine = (a: Float64Array, b: Float64Array) =>
  a.reduce((sum, figure, k) => sum + figure * (b[k] as number), 0) / (Math.hypot(...a) * Math.hypot(...b))

describe('the features of an embedding', () => {
  it('follow those of shape and words, which stay as they are, and have length 1 for any dimension', () => {
    for (const dimension of [1, 256, 1_536, 3_072]) {
      const both = withEmbedding(FEATURES, normals(dimension, dimension))
      expect(both).toHaveLength(EMBEDDED_PROMPT_FEATURES)
      expect(both.subarray(0, PROMPT_FEATURES)).toEqual(FEATURES)
      expect(Math.hypot(...both.subarray(PROMPT_FEATURES))).toBeCloseTo(1, 6)
    }
  })

  it('are 0 where there is no embedding, or one that points nowhere', () => {
    const nothing = new Float64Array(EMBEDDED_PROMPT_FEATURES - PROMPT_FEATURES)
    expect(further(null)).toEqual(nothing)
    expect(further(new Float64Array(256))).toEqual(nothing)
    expect(further(new Float64Array(256).fill(1e308))).toEqual(nothing)
  })

  it('about keep the angles between embeddings, whatever their lengths', () => {
    for (const kinship of [0, 0.5, 0.9]) {
      const pairs = 400
      let sum = 0
      let squares = 0
      for (let pair = 0; pair < pairs; pair += 1) {
        const a = normals(384, 2 * pair + 1)
        const other = normals(384, 2 * pair + 2)
        const b = a.map((figure, k) => 3 * (kinship * figure + Math.sqrt(1 - kinship ** 2) * (other[k] ?? 0)))
        const kept = cosine(further(a), further(b))
        sum += kept
        squares += (kept - kinship) ** 2
      }
      expect(Math.abs(sum / pairs - kinship)).toBeLessThan(0.05)
      // Sixteen figures: a deviation of 1/4 where there is no kinship, less where there is.
      expect(Math.sqrt(squares / pairs)).toBeLessThan(0.3 * (1 - kinship ** 2) + 0.02)
    }
  })

  it('are those that were learned with: another projection would be another version', () => {
    const vector = Float64Array.from({ length: 256 }, (_, k) => Math.sin(k))
    expect(Array.from(further(vector), figure => Math.round(1_000 * figure))).toMatchInlineSnapshot(`
      [
        -87,
        -31,
        -178,
        386,
        -329,
        37,
        -29,
        276,
        135,
        74,
        -418,
        -407,
        163,
        161,
        -155,
        -428,
      ]
    `)
  })
})

describe('stored features', () => {
  const both = withEmbedding(FEATURES, normals(256, 7))

  it('come back as they were, with an embedding or without', () => {
    expect(decodeFeatures(encodeFeatures(both), EMBEDDED_PROMPT_FEATURES)).toEqual(both)
    expect(decodeFeatures(encodeFeatures(FEATURES), PROMPT_FEATURES)).toEqual(FEATURES)
  })

  it('of a time without an embedding have none; of a time with one serve without', () => {
    expect(decodeFeatures(encodeFeatures(FEATURES), EMBEDDED_PROMPT_FEATURES)).toEqual(
      withEmbedding(FEATURES, null),
    )
    expect(decodeFeatures(encodeFeatures(both), PROMPT_FEATURES)).toEqual(FEATURES)
  })

  it.each(['', 'AACAPw==', encodeFeatures(new Float64Array(PROMPT_FEATURES).fill(Number.NaN))])(
    'of no version known, or no figures, are none: %j',
    encoded => {
      expect(decodeFeatures(encoded, EMBEDDED_PROMPT_FEATURES)).toBeNull()
    },
  )
})

describe('what was learned by other features', () => {
  const options = {
    native: typescriptNative,
    halfLifeMs: Number.POSITIVE_INFINITY,
    reliabilityHalfLifeMs: 60_000,
    ucbExploration: 1,
    contexts: { repository: new MemoryContexts(), capacity: 1, clock: new ManualClock(), warn: () => {} },
  }
  const arm = armOf('a')
  const judged = observationOf('up/a', { quality: 0, at: 0 as never })
  const expectation = ({ contextual }: LearnedState, x: Float64Array) => {
    const means = new Float64Array(1)
    contextual.qualities.estimate(0, x, means, new Float64Array(1))
    return means[0] as number
  }

  it.each([
    [PROMPT_FEATURES, EMBEDDED_PROMPT_FEATURES],
    [EMBEDDED_PROMPT_FEATURES, PROMPT_FEATURES],
  ])('starts from its prior, with a warning, and the rest is kept: %i figures, then %i', (before, after) => {
    const x = (dimension: number) =>
      dimension === PROMPT_FEATURES ? FEATURES : withEmbedding(FEATURES, normals(256, 7))
    const old = new LearnedState({ ...options, dimension: before })
    old.of(arm)
    const prior = expectation(old, x(before))
    for (let n = 0; n < 20; n += 1) old.apply(judged, { ...NO_CONTEXT, features: encodeFeatures(x(before)) })
    expect(expectation(old, x(before))).toBeLessThan(prior - 0.3)
    const stored = JSON.parse(JSON.stringify(old.snapshot()))

    for (const isMetBefore of [true, false]) {
      const warnings: string[] = []
      const fresh = new LearnedState({ ...options, dimension: after })
      if (isMetBefore) fresh.of(arm)
      fresh.restore(stored, warning => warnings.push(warning))
      fresh.of(arm)
      expect(warnings).toEqual([expect.stringMatching(/^arm up\/a was learned by other features of prompts/)])
      expect(expectation(fresh, x(after))).toBeCloseTo(prior, 9)
      expect(fresh.snapshot()['up/a' as ArmId]?.quality).toEqual(stored['up/a'].quality)
    }
  })

  it.each([PROMPT_FEATURES, EMBEDDED_PROMPT_FEATURES])(
    'by a replica is adopted where its features are ours, and left out where they are not: %i',
    dimension => {
      const x = withEmbedding(FEATURES, normals(256, 7))
      const told = new LearnedState({ ...options, dimension: EMBEDDED_PROMPT_FEATURES })
      told.of(arm)
      for (let n = 0; n < 20; n += 1) told.apply(judged, { ...NO_CONTEXT, features: encodeFeatures(x) })
      // Figures that were adopted are settled exactly, others now and then.
      told.adopt('up/a', told.partsOf('up/a'))
      const hears = new LearnedState({ ...options, dimension })
      hears.of(arm)
      const mine = dimension === PROMPT_FEATURES ? FEATURES : x
      const prior = expectation(hears, mine)
      expect(hears.adopt('up/a', told.partsOf('up/a'))).toBe(true)
      const same = dimension === EMBEDDED_PROMPT_FEATURES
      // What arms have in common is learned anew, from the same sums: equal but for what came since it last was.
      expect(expectation(hears, mine)).toBeCloseTo(same ? expectation(told, x) : prior, 1)
      expect(hears.snapshot()['up/a' as ArmId]?.quality).toEqual(told.snapshot()['up/a' as ArmId]?.quality)
    },
  )
})
