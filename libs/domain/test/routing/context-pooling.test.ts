import { type Bandit, CONTEXT_FIGURES, type LinearBandit, loadNative } from '@atp/native'
import { describe, expect, it } from 'vitest'

/** Both implementations decide alike: the faster one will do. */
const native = loadNative({ env: {}, log: () => {} })
const QUALITIES = [0.9, 0.8, 0.7, 0.6]
const ARMS = QUALITIES.length
const TENANTS = 20
const REQUESTS = 600
const RUNS = 10

/** `pooled`: all tenants are one. `alone`: each has a bandit of its own. `contexts`: one bandit, and a context each. */
type Sharing = 'pooled' | 'alone' | 'contexts'

interface Tenants {
  readonly agree: boolean
  /** Of the arm that a tenant's request gets. */
  readonly choose: (tenant: number, step: number) => number
  readonly learn: (tenant: number, arm: number, reward: number, step: number) => void
}

/** The mean quality of what all tenants were given, over the whole and over the last third. */
function play(tenants: Tenants, uniform: () => number) {
  const last = { sum: 0, count: 0 }
  let sum = 0
  for (let step = 0; step < TENANTS * REQUESTS; step += 1) {
    const tenant = step % TENANTS
    const arm = tenants.choose(tenant, step)
    const quality = QUALITIES[(arm + (tenants.agree ? 0 : tenant)) % ARMS] as number
    tenants.learn(tenant, arm, uniform() < quality ? 1 : 0, step)
    sum += quality
    if (step < (TENANTS * REQUESTS * 2) / 3) continue
    last.sum += quality
    last.count += 1
  }
  return { whole: sum / (TENANTS * REQUESTS), last: last.sum / last.count }
}

function betaTenants(sharing: Sharing, agree: boolean, run: number): Tenants {
  const bandits = banditsOf(sharing, () => {
    const bandit = native.createBandit({ halfLifeMs: Number.POSITIVE_INFINITY })
    for (let arm = 0; arm < ARMS; arm += 1) bandit.addArm(arm + 1, 1.4, 0.6)
    return bandit
  })
  const contexts = contextsOf(sharing)
  const { weights, penalties, qualities } = room()
  return {
    agree,
    choose: (tenant, step) =>
      bandits(tenant).select('thompson', run, step, step, weights, penalties, qualities, contexts[tenant]),
    learn: (tenant, arm, reward, step) => bandits(tenant).update(arm, reward, step, contexts[tenant]),
  }
}

function linearTenants(sharing: Sharing, agree: boolean, run: number): Tenants {
  const bandits = banditsOf<LinearBandit>(sharing, () => {
    const bandit = native.createLinearBandit({
      dimension: 2,
      biasRidge: 3,
      ridge: 60,
      commonRidge: 10,
      halfLifeMs: Number.POSITIVE_INFINITY,
      noise: 0.25,
      exploration: 0.3,
      changeThreshold: 8,
    })
    for (let arm = 0; arm < ARMS; arm += 1) bandit.addArm(arm + 1, 1)
    return bandit
  })
  const contexts = contextsOf(sharing)
  const { weights, penalties, qualities } = room()
  const x = (step: number) => Float64Array.of(1, Math.sin(step))
  return {
    agree,
    choose: (tenant, step) => {
      const own = contexts[tenant]
      return bandits(tenant).select('thompson', run, step, step, x(step), weights, penalties, qualities, own)
    },
    learn: (tenant, arm, reward, step) =>
      bandits(tenant).update(arm, x(step), reward, 1, step, contexts[tenant]),
  }
}

function banditsOf<Kind extends Bandit | LinearBandit>(sharing: Sharing, create: () => Kind) {
  const bandits = Array.from({ length: sharing === 'alone' ? TENANTS : 1 }, create)
  return (tenant: number) => bandits[tenant % bandits.length] as Kind
}

function contextsOf(sharing: Sharing): Float64Array[] {
  const length = sharing === 'contexts' ? TENANTS : 0
  return Array.from({ length }, () => new Float64Array(CONTEXT_FIGURES * ARMS))
}

function room() {
  const weights = new Float64Array(ARMS).fill(1)
  return { weights, penalties: new Float64Array(ARMS), qualities: new Float64Array(ARMS) }
}

/** SplitMix32: so that each run is the same on every machine. */
function uniforms(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x9e3779b9) | 0
    let z = state ^ (state >>> 16)
    z = Math.imul(z, 0x21f0aaad)
    z ^= z >>> 15
    z = Math.imul(z, 0x735a2d97)
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32
  }
}

function meanOf(tenantsOf: typeof betaTenants, sharing: Sharing, agree: boolean) {
  const mean = { whole: 0, last: 0 }
  for (let run = 1; run <= RUNS; run += 1) {
    const { whole, last } = play(tenantsOf(sharing, agree, run), uniforms(run))
    mean.whole += whole / RUNS
    mean.last += last / RUNS
  }
  return mean
}

/** What contexts may lose, as the mean over 12,000 requests in each of ten runs; the deviation of such a mean is some 0.0005. */
describe.each([
  ['Thompson sampling', betaTenants],
  ['linear Thompson sampling', linearTenants],
] as const)('twenty tenants under %s', (_, tenantsOf) => {
  it('that agree lose next to nothing against sharing everything, and gain on keeping apart', () => {
    const pooled = meanOf(tenantsOf, 'pooled', true)
    const contexts = meanOf(tenantsOf, 'contexts', true)
    const alone = meanOf(tenantsOf, 'alone', true)
    expect(contexts.whole).toBeGreaterThan(pooled.whole - 0.01)
    expect(contexts.last).toBeGreaterThan(pooled.last - 0.006)
    expect(contexts.whole).toBeGreaterThan(alone.whole + 0.005)
  })

  it('that differ each get their own best model, which sharing everything never finds', () => {
    const pooled = meanOf(tenantsOf, 'pooled', false)
    const contexts = meanOf(tenantsOf, 'contexts', false)
    const alone = meanOf(tenantsOf, 'alone', false)
    expect(pooled.last).toBeLessThan(0.77)
    expect(contexts.last).toBeGreaterThan(0.87)
    expect(contexts.whole).toBeGreaterThan(alone.whole - 0.025)
  })
})
