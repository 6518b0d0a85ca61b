/** Random lives of a tenant: what it asks for, what becomes of it, and what its clock does meanwhile. */
import type { Admission, Limit, Settlement, Verdict } from '@atp/domain/limit'
import fc from 'fast-check'
import { ExactModel } from './exact-model.ts'
import type { Subject } from './implementations.ts'
import { admission, bucket, concurrent, DAY, daily, HOUR, MINUTE, NOON, SECOND, sliding } from './limits.ts'

export const LIMITS: readonly Limit[] = [
  sliding('requests', 6, SECOND),
  sliding('tokens', 300, MINUTE),
  sliding('requests', 4, 63, 'narrow'),
  { ...sliding('cost', 900, HOUR), shadow: true },
  bucket('requests', 7, MINUTE, 5),
  bucket('tokens', 130, 7 * SECOND, 400),
  daily('cost', 2_000, 'Asia/Kolkata'),
  daily('tokens', 1_500, 'America/Havana'),
  concurrent(4),
]

/** Less than idle counters are kept for. */
const BACK_MAX = 50 * SECOND

export type Step =
  | { readonly kind: 'admit'; readonly limits: readonly Limit[]; readonly admission: Partial<Admission> }
  | { readonly kind: 'settle'; readonly which: number; readonly tokens: number; readonly cost: number }
  | { readonly kind: 'renew'; readonly which: number; readonly leaseMs: number }
  | { readonly kind: 'sweep' }
  | { readonly kind: 'pass'; readonly us: number }

const which = fc.nat(20)
const estimate = fc.record({ tokens: fc.nat(200), cost: fc.nat(700) })
const admit = fc.record({
  kind: fc.constant('admit' as const),
  // Windows of requests alone are decided by a shorter way.
  limits: fc.oneof(
    fc.subarray([...LIMITS], { minLength: 1 }),
    fc.subarray(
      LIMITS.filter(limit => limit.kind === 'sliding' && limit.counts === 'requests'),
      { minLength: 1 },
    ),
  ),
  admission: fc.record({
    estimate,
    requests: fc.nat(2),
    leaseMs: fc.constantFrom(1, 500, 20_000, 4_000_000),
  }),
})
const settle = fc.record({
  kind: fc.constant('settle' as const),
  which,
  tokens: fc.nat(300),
  cost: fc.nat(900),
})
const renew = fc.record({ kind: fc.constant('renew' as const), which, leaseMs: fc.constantFrom(1, 30_000) })
const pass = fc.record({
  kind: fc.constant('pass' as const),
  us: fc.oneof(
    fc.nat(70),
    fc.nat(SECOND),
    fc.nat(MINUTE),
    fc.nat(15 * HOUR),
    // Where it gets too late for a lease of a millisecond to be settled.
    fc.integer({ min: DAY - 2, max: DAY + 1_002 }),
    fc.integer({ min: -BACK_MAX, max: 0 }),
  ),
})

export const traces = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: admit },
    { weight: 4, arbitrary: settle },
    { weight: 1, arbitrary: renew },
    { weight: 1, arbitrary: fc.constant({ kind: 'sweep' } as const) },
    { weight: 5, arbitrary: pass },
  ),
  { minLength: 1, maxLength: 60 },
)

/** What a limiter said to a step, and what the exact model says to that. */
export interface Said {
  readonly step: Step
  readonly verdict?: Verdict
  readonly settlement?: Settlement
  readonly renewed?: boolean
  readonly faults: readonly string[]
}

export async function live(subject: Subject, tenant: string, trace: readonly Step[]): Promise<Said[]> {
  const life = new Life(subject, tenant)
  const said: Said[] = []
  await life.pass(0)
  for (const step of trace) {
    if (step.kind === 'pass') await life.pass(step.us)
    else if (step.kind === 'sweep') await subject.limiter.sweep(tenant)
    else if (step.kind === 'renew') said.push(await life.renew(step))
    else if (step.kind === 'settle') said.push(await life.settle(step))
    else said.push(await life.admit(step))
  }
  return said
}

type StepOf<Kind> = Step & { readonly kind: Kind }

class Life {
  readonly #subject: Subject
  readonly #tenant: string
  readonly #model = new ExactModel()
  readonly #ids: string[] = []
  #clock = NOON
  #peak = NOON

  constructor(subject: Subject, tenant: string) {
    this.#subject = subject
    this.#tenant = tenant
  }

  async pass(us: number): Promise<void> {
    this.#clock = Math.max(this.#clock + us, this.#peak - BACK_MAX)
    this.#peak = Math.max(this.#peak, this.#clock)
    await this.#subject.setTime(this.#tenant, this.#clock)
  }

  async renew(step: StepOf<'renew'>): Promise<Said> {
    const id = this.#id(step.which)
    const renewed = await this.#subject.limiter.renew(this.#tenant, id, step.leaseMs)
    const right = this.#model.renew(id, step.leaseMs, this.#clock) === renewed
    return { step, renewed, faults: right ? [] : [`renewed: ${renewed}`] }
  }

  async settle(step: StepOf<'settle'>): Promise<Said> {
    const id = this.#id(step.which)
    const settlement = await this.#subject.limiter.settle(this.#tenant, id, step)
    const right =
      settlement === 'unknown' ? this.#model.lost(id, this.#peak) : this.#model.settle(id, step, this.#clock)
    return { step, settlement, faults: right ? [] : [settlement] }
  }

  async admit(step: StepOf<'admit'>): Promise<Said> {
    const { limiter } = this.#subject
    const asked = admission(this.#tenant, step.limits, {
      ...step.admission,
      reservation: `r${this.#ids.length}`,
    })
    let verdict = await limiter.admit(asked)
    if (verdict.kind === 'stale') {
      // Never begun, or idle and forgotten: nothing was spent that still matters.
      await limiter.rebuild(this.#tenant, [])
      this.#model.saw(this.#clock)
      verdict = await limiter.admit(asked)
    }
    const faults = faultsOf(verdict, asked, this.#model, this.#clock)
    if (verdict.kind === 'admitted') {
      this.#ids.push(asked.reservation)
      this.#model.count(asked, this.#clock)
    }
    return { step, verdict, faults }
  }

  #id(which: number): string {
    return this.#ids[which % Math.max(1, this.#ids.length)] ?? 'never'
  }
}

function faultsOf(verdict: Verdict, admission: Admission, model: ExactModel, clock: number): string[] {
  const enforced = admission.limits.filter(({ shadow }) => shadow !== true)
  const expected = new Map(admission.limits.map(limit => [limit.id, model.expected(admission, limit, clock)]))
  if (verdict.kind === 'stale') return ['stale']
  const faults = verdict.levels
    .filter(({ limit, exceeded }) => expected.get(limit.id) === (exceeded ? 'must' : 'must not'))
    .map(({ limit, exceeded }) => `${limit.id} exceeded: ${exceeded}`)
  if (verdict.kind === 'admitted') {
    return [
      ...faults,
      ...enforced.filter(({ id }) => expected.get(id) === 'must not').map(({ id }) => `admits ${id}`),
    ]
  }
  if (enforced.every(({ id }) => expected.get(id) === 'must')) faults.push('refuses what fits')
  if (expected.get(verdict.by.limit.id) === 'must') faults.push(`${verdict.by.limit.id} refuses what fits`)
  return faults
}
