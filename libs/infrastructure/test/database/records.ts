/** Decisions and observations for tests: plain ones, and arbitrary ones that stretch every field. */
import type { JournalBatch, Observation } from '@atp/domain/observation'
import { OBSERVATION_KINDS, OUTCOMES, SIGNALS } from '@atp/domain/observation'
import type { Candidate, Decision } from '@atp/domain/routing'
import fc from 'fast-check'

let made = 0

export function observation(fields: Partial<Record<keyof Observation, unknown>> = {}): Observation {
  made += 1
  return {
    id: `observation-${made}`,
    kind: 'attempt',
    at: 1_700_000_000_000 + made,
    tenant: 'default',
    decisionId: null,
    arm: 'openai/gpt',
    outcome: 'success',
    quality: 0.75,
    latency: 812.5,
    timeToFirstToken: 90.25,
    usage: { inputTokens: 12, outputTokens: 345, estimated: false },
    cost: 1_234,
    ...fields,
  } as Observation
}

export function decision(fields: Partial<Record<keyof Decision, unknown>> = {}): Decision {
  made += 1
  return {
    id: `decision-${made}`,
    tenant: 'default',
    keyId: null,
    at: 1_700_000_000_000 + made,
    arm: 'openai/gpt',
    strategy: 'thompson',
    weights: { quality: 1, cost: 0.5, latency: 0.25 },
    seed: `seed-${made}`,
    stateVersion: 17,
    candidates: [candidate('openai/gpt'), excludedCandidate('mistral/large')],
    ranked: ['openai/gpt'],
    pinned: false,
    exploration: 0.05,
    shadow: { strategy: 'linthompson', arm: 'mistral/large' },
    task: null,
    features: null,
    signal: null,
    ...fields,
  } as Decision
}

export function candidate(arm: string): Candidate {
  return {
    arm,
    score: 0.5,
    terms: { quality: 0.8, cost: 0.2, latency: 0.1 },
    excluded: null,
    estimate: {
      qualityMean: 0.8,
      alpha: 8,
      beta: 2,
      qualityDeviation: null,
      reliability: 0.97,
      costUsd: 0.001,
      latencyMs: 900,
      outputTokens: 300,
    },
  } as Candidate
}

export function excludedCandidate(arm: string): Candidate {
  const excluded = [
    { reason: 'denied', detail: 'in the deny list' },
    { reason: 'missing_capability', detail: 'does not offer tools' },
  ]
  return { ...candidate(arm), score: null, terms: null, excluded } as Candidate
}

export function batch(
  observations: readonly Observation[],
  decisions: readonly Decision[] = [],
): JournalBatch {
  return { observations, decisions }
}

/** Any text a database can hold as it is: Postgres knows neither U+0000 nor half a surrogate pair. */
const text = fc.string({ unit: 'binary', maxLength: 40 }).map(value => value.replaceAll('\0', '-'))
/** A new one each time, shrunk values too: a row whose id is there already would be ignored. */
const newId = fc.constant('id').map(prefix => {
  made += 1
  return `${prefix}-${made}`
})
const integer = fc.oneof(fc.nat(), fc.constant(Number.MAX_SAFE_INTEGER), fc.maxSafeNat())
const real = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(value => value + 0),
  fc.constantFrom(0, 0.1, Number.MIN_VALUE, Number.MAX_VALUE, 1 / 3),
)
const orNull = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> => fc.option(value)

export const anyObservation: fc.Arbitrary<Observation> = fc
  .record({
    id: newId,
    kind: fc.constantFrom(...OBSERVATION_KINDS),
    at: integer,
    tenant: text,
    decisionId: orNull(fc.uuid()),
    arm: text,
    outcome: fc.constantFrom(...OUTCOMES),
    quality: orNull(real),
    latency: orNull(real),
    timeToFirstToken: orNull(real),
    usage: orNull(fc.record({ inputTokens: integer, outputTokens: integer, estimated: fc.boolean() })),
    cost: orNull(integer),
  })
  .map(fields => fields as unknown as Observation)

/** A Beta's, or a normal one's. */
const anyPosterior = fc.oneof(
  fc.record({ alpha: real, beta: real, qualityDeviation: fc.constant(null) }),
  fc.record({ alpha: fc.constant(null), beta: fc.constant(null), qualityDeviation: real }),
)

const anyCandidate: fc.Arbitrary<Candidate> = fc
  .record({
    arm: text,
    score: orNull(real),
    terms: orNull(fc.record({ quality: real, cost: real, latency: real })),
    excluded: orNull(
      fc.array(fc.record({ reason: fc.constantFrom('denied', 'max_cost'), detail: text }), {
        minLength: 1,
        maxLength: 3,
      }),
    ),
    estimate: fc.record({
      qualityMean: real,
      reliability: real,
      costUsd: real,
      latencyMs: real,
      outputTokens: real,
    }),
  })
  .chain(fields =>
    anyPosterior.map(posterior => ({ ...fields, estimate: { ...fields.estimate, ...posterior } })),
  )
  .map(fields => fields as unknown as Candidate)

export const anyDecision: fc.Arbitrary<Decision> = fc
  .record({
    id: newId,
    tenant: text,
    keyId: orNull(fc.uuid()),
    at: integer,
    arm: text,
    strategy: fc.constantFrom('thompson', 'ucb1', 'greedy'),
    weights: fc.record({ quality: real, cost: real, latency: real }),
    seed: text,
    stateVersion: integer,
    candidates: fc.array(anyCandidate, { maxLength: 6 }),
    pinned: fc.boolean(),
    exploration: real,
    shadow: orNull(fc.record({ strategy: fc.constantFrom('greedy', 'linucb'), arm: text })),
    task: orNull(text),
    features: orNull(fc.base64String()),
    signal: orNull(fc.record({ name: fc.constantFrom(...SIGNALS), worth: real })),
  })
  .map(fields => ({ ...fields, ranked: [] }) as unknown as Decision)
