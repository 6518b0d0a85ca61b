/** Whatever JavaScript passes: an error that names the argument and changes nothing, or an answer without NaN; in both implementations alike. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type NativeModule, typescriptNative } from '../src/index.ts'
import { rust, withoutRust } from './implementations.ts'

/** Makes a value anew for each implementation; `pool` is memory that arguments of one call may share. */
type Make = (pool: ArrayBuffer) => unknown

const NUMBERS = [
  Number.NaN,
  -0,
  5e-324,
  -5e-324,
  -1,
  0.5,
  2 ** 32,
  2 ** 53,
  1e308,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
]

const numbers = fc.oneof(fc.constantFrom(...NUMBERS), fc.double(), fc.integer({ min: -2, max: 4 }))

const hostile: fc.Arbitrary<Make> = fc.oneof(
  numbers.map(number => () => number),
  fc
    .constantFrom<unknown>(undefined, null, '1', 'best', 1n, Symbol('s'), true, {}, [1, 1], () => 1)
    .map(value => () => value),
  fc.array(numbers, { maxLength: 4 }).map(elements => () => Float64Array.from(elements)),
  fc.integer({ min: 0, max: 8 }).map(length => () => new Float64Array(length)),
  fc.constantFrom(Float32Array, Int32Array, Uint32Array, BigInt64Array).map(Type => () => new Type(2)),
  fc.constant(() => new DataView(new ArrayBuffer(16))),
  fc.constant(() => detached()),
  fc.constant(() => new Float64Array(new SharedArrayBuffer(16))),
  fc.integer({ min: 0, max: 2 }).map(start => (pool: ArrayBuffer) => new Float64Array(pool, 8 * start, 2)),
  fc.constant((pool: ArrayBuffer) => new Int32Array(pool, 0, 2)),
)

function detached(): Float64Array {
  const array = new Float64Array(2)
  structuredClone(array.buffer, { transfer: [array.buffer] })
  return array
}

const floats =
  (...elements: number[]): Make =>
  () =>
    Float64Array.from(elements)

/** A legal value of each argument, by its name. */
const LEGAL: Readonly<Record<string, Make>> = {
  arm: () => 1,
  hash: () => 7,
  alpha: () => 1,
  beta: () => 2,
  prior: () => 0.5,
  strategy: () => 'ucb',
  seedHi: () => 1,
  seedLo: () => 2,
  seeds: () => Uint32Array.of(1, 2, 3, 4),
  now: () => 5_000,
  reward: () => 0.5,
  target: () => 0.5,
  weight: () => 1,
  weights: floats(1, 0.5),
  penalties: floats(0.1, Number.POSITIVE_INFINITY),
  qualities: floats(0, 0),
  means: floats(0, 0),
  deviations: floats(0, 0),
  out: floats(0, 0, 0, 0),
  chosen: () => new Int32Array(2),
  arms: () => Uint32Array.of(0, 1),
  rewards: floats(0.5, 1),
  times: floats(0, 1),
  x: floats(1, 0.5, -0.5),
  features: floats(1, 0.5, -0.5, 1, 0, 0),
  nowUs: () => 1_000,
  atUs: () => 500,
  limit: () => 5,
  amount: () => 2,
  valueMs: () => 300,
  q: () => 0.9,
}

interface Subject {
  readonly create: (native: NativeModule) => object
  /** Everything that it has learned. */
  readonly state: (subject: never) => unknown
  /** The legal snapshot of each method that takes one. */
  readonly snapshots: (subject: never) => Readonly<Record<string, Float64Array>>
  readonly methods: Readonly<Record<string, readonly string[]>>
}

/** What an element of a batch is called. */
const SINGLE = ['arm', 'reward', 'now']
const SELECT = ['weights', 'penalties', 'qualities']
const SELECT_BATCH = ['weights', 'penalties', 'chosen']

const SUBJECTS = {
  bandit: {
    create: native => {
      const bandit = native.createBandit({ halfLifeMs: 1_000, windowMs: 2_000 })
      for (const hash of [1, 2]) bandit.addArm(hash, 1, 1)
      bandit.update(0, 0.5, 1_000)
      return bandit
    },
    state: (bandit: ReturnType<NativeModule['createBandit']>) => [bandit.size, bandit.snapshot()],
    snapshots: (bandit: ReturnType<NativeModule['createBandit']>) => ({
      restore: bandit.snapshot(),
      merge: bandit.snapshot(),
      restoreArm: bandit.snapshotArm(0),
    }),
    methods: {
      addArm: ['hash', 'alpha', 'beta'],
      select: ['strategy', 'seedHi', 'seedLo', 'now', ...SELECT],
      selectBatch: ['strategy', 'seeds', 'now', ...SELECT_BATCH],
      update: ['arm', 'reward', 'now'],
      updateBatch: ['arms', 'rewards', 'times'],
      posteriors: ['now', 'out'],
      restore: ['snapshot'],
      merge: ['snapshot'],
      snapshotArm: ['arm'],
      restoreArm: ['arm', 'snapshot'],
    },
  },
  'linear bandit': {
    create: native => {
      const bandit = native.createLinearBandit({
        dimension: 3,
        biasRidge: 1,
        ridge: 1,
        commonRidge: 1,
        halfLifeMs: 1_000,
        noise: 0.3,
        exploration: 0.5,
        changeThreshold: 8,
      })
      for (const hash of [1, 2]) bandit.addArm(hash, 0.5)
      bandit.update(0, Float64Array.of(1, 0.2, 0.3), 0.5, 1, 1_000)
      return bandit
    },
    state: (bandit: ReturnType<NativeModule['createLinearBandit']>) => [
      bandit.size,
      bandit.snapshotArm(0),
      bandit.snapshotArm(1),
    ],
    snapshots: (bandit: ReturnType<NativeModule['createLinearBandit']>) => ({
      restoreArm: bandit.snapshotArm(0),
      mergeArm: bandit.snapshotArm(0),
    }),
    methods: {
      addArm: ['hash', 'prior'],
      select: ['strategy', 'seedHi', 'seedLo', 'now', 'x', ...SELECT],
      selectBatch: ['strategy', 'seeds', 'now', 'features', ...SELECT_BATCH],
      estimate: ['now', 'x', 'means', 'deviations'],
      update: ['arm', 'x', 'target', 'weight', 'now'],
      changes: ['arm'],
      snapshotArm: ['arm'],
      restoreArm: ['arm', 'snapshot'],
      mergeArm: ['arm', 'snapshot'],
    },
  },
  'sliding window': {
    create: native => {
      const window = native.createSlidingWindow(1_000)
      window.add(500, 3)
      return window
    },
    state: (window: ReturnType<NativeModule['createSlidingWindow']>) => [window.count(500), window.idleUs()],
    snapshots: () => ({}),
    methods: {
      count: ['nowUs'],
      waitUs: ['nowUs', 'amount', 'limit'],
      add: ['nowUs', 'amount'],
      takeBack: ['atUs', 'amount'],
    },
  },
  'latency sketch': {
    create: native => {
      const sketch = native.createLatencySketch(1_000)
      sketch.record(100, 500)
      return sketch
    },
    state: (sketch: ReturnType<NativeModule['createLatencySketch']>) => sketch.snapshot(),
    snapshots: (sketch: ReturnType<NativeModule['createLatencySketch']>) => ({
      restore: sketch.snapshot(),
      merge: sketch.snapshot(),
    }),
    methods: {
      record: ['valueMs', 'now'],
      quantile: ['q'],
      count: ['now'],
      restore: ['snapshot'],
      merge: ['snapshot'],
    },
  },
} satisfies Record<string, Subject>

/** What a call comes to, to compare with the other implementation's. */
function outcome(native: NativeModule, subject: Subject, method: string, makes: readonly (Make | null)[]) {
  const target = subject.create(native)
  const names = subject.methods[method] as readonly string[]
  const pool = new ArrayBuffer(64)
  const snapshot = subject.snapshots(target as never)[method]
  const legal = (name: string): Make => LEGAL[name] ?? (() => snapshot)
  const given = names.map((name, k) => (makes[k] ?? legal(name))(pool))
  const before = subject.state(target as never)
  try {
    const result = (target as Record<string, (...all: unknown[]) => unknown>)[method]?.(...given)
    expect(result).not.toBeNaN()
    expectNoNaN(names, given)
    return { result, given, state: subject.state(target as never) }
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error
    const named = method === 'updateBatch' ? [...names, ...SINGLE] : names
    expect(error.message).toMatch(new RegExp(`\\b(?:${named.join('|')})\\b`))
    expect(subject.state(target as never)).toEqual(before)
    // Where several are illegal, the implementations may name different ones.
    return 'refused'
  }
}

/** Only the qualities of arms that are not eligible are NaN. */
function expectNoNaN(names: readonly string[], given: readonly unknown[]): void {
  const penalties = given[names.indexOf('penalties')] as Float64Array | undefined
  for (const written of ['qualities', 'means', 'deviations', 'out']) {
    const output = given[names.indexOf(written)] as Float64Array | undefined
    output?.forEach((figure, arm) => {
      expect(Number.isNaN(figure)).toBe(written === 'qualities' && penalties?.[arm] === 1 / 0)
    })
  }
}

const CALLS = Object.entries(SUBJECTS as Readonly<Record<string, Subject>>).flatMap(([name, subject]) =>
  Object.keys(subject.methods).map(method => [name, method, subject] as const),
)

describe.skipIf(rust === null)(`hostile arguments${withoutRust}`, () => {
  it.each(CALLS)('of a %s: %s', { timeout: 10 * 60_000 }, (_, method, subject) => {
    const names = subject.methods[method] as readonly string[]
    const makes = fc.tuple(...names.map(() => fc.option(hostile, { freq: names.length })))
    const runs = process.env.ATP_VERIFY === 'full' ? 20_000 : 400
    fc.assert(
      fc.property(makes, drawn => {
        const mine = outcome(rust as NativeModule, subject, method, drawn)
        expect(mine).toEqual(outcome(typescriptNative, subject, method, drawn))
      }),
      { numRuns: runs },
    )
  })

  const linear = {
    biasRidge: 1,
    ridge: 1,
    commonRidge: 1,
    halfLifeMs: 1,
    noise: 1,
    exploration: 1,
    changeThreshold: 1,
  }
  it.each([
    ['createBandit', { halfLifeMs: 1, windowMs: 1, ucbExploration: 1 }],
    ['createLinearBandit', { dimension: 3, ...linear }],
  ] as const)('of %s', (create, legal) => {
    const options = Object.keys(legal)
    fc.assert(
      fc.property(fc.constantFrom(...options), hostile, (name, make) => {
        // Without it, what is optional has a default.
        fc.pre(make(new ArrayBuffer(64)) !== undefined)
        const [mine, theirs] = [rust as NativeModule, typescriptNative].map(native => {
          try {
            native[create]({ ...legal, [name]: make(new ArrayBuffer(64)) } as never)
            return 'created'
          } catch (error) {
            expect((error as Error).message).toMatch(new RegExp(`^${name} must be`))
            return (error as Error).constructor
          }
        })
        expect(mine).toBe(theirs)
      }),
    )
  })
})
