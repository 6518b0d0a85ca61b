import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Arm, type Plan, Rails, type RoutingRequest } from '../../src/routing/index.ts'
import { ShareCap } from '../../src/routing/rails/share-cap.ts'
import { DEFAULT_TENANT } from '../../src/tenant/index.ts'
import { armOf, requestOf, routingOver } from './catalogue.ts'

const OTHER = 'other' as typeof DEFAULT_TENANT

/** Plans that are followed, one after the other. */
function followed(
  setup: ReturnType<typeof routingOver>,
  requests: number,
  differs: Partial<RoutingRequest> = {},
): readonly Plan[] {
  return Array.from({ length: requests }, (_, n) => {
    const request = requestOf({ seed: `${n}`, ...differs })
    const plan = setup.router.plan(request)
    setup.rails.follow(plan, request.tenant)
    return plan
  })
}

function share(plans: readonly Plan[], of: (plan: Plan) => boolean): number {
  return plans.filter(of).length / plans.length
}

describe('a cap on a share', () => {
  it('holds over any run of requests, whoever wants what when', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.array(fc.boolean(), { maxLength: 300 }),
        (most, wants) => {
          const cap = new ShareCap(most)
          const had = wants.map(want => {
            const has = want && cap.allows
            cap.count(has)
            return has
          })
          for (let from = 0; from < had.length; from += 7) {
            const run = had.slice(from)
            expect(run.filter(Boolean).length).toBeLessThanOrEqual(most * run.length + 10 + 1e-9)
          }
        },
      ),
    )
  })

  it('lets have what it allows', () => {
    const cap = new ShareCap(0.25)
    let had = 0
    for (let request = 0; request < 400; request += 1) {
      const has = cap.allows
      had += Number(has)
      cap.count(has)
    }
    expect(had).toBe(99)
  })
})

describe('exploration', () => {
  const over = (cap: number) =>
    routingOver(
      [armOf('a'), armOf('b'), armOf('c', { qualityPrior: { mean: 0.6, strength: 2 } })],
      undefined,
      null,
      0.5,
      cap,
    )

  it('is left alone without a cap', () => {
    expect(share(followed(over(1), 600), ({ explores }) => explores)).toBeGreaterThan(0.4)
  })

  it('keeps within its cap, of each tenant alone; beyond it the best by expectation is asked', () => {
    const setup = over(0.1)
    const plans = followed(setup, 600)
    expect(share(plans, ({ explores }) => explores)).toBeLessThanOrEqual(0.1)
    expect(share(plans, ({ explores }) => explores)).toBeGreaterThan(0.07)
    for (const plan of plans) {
      if (plan.strategy !== 'greedy') continue
      expect(plan).toMatchObject({ exploration: 0, explores: false, candidates: [{ arm: 'up/c' }, {}, {}] })
    }
    expect(setup.rails.mayExplore(OTHER)).toBe(false)
    followed(setup, 20, { tenant: OTHER, strategy: 'greedy' })
    expect(setup.rails.mayExplore(OTHER)).toBe(true)
  })

  it('of nobody is greedy, and a model that the client names costs none of it', () => {
    const setup = over(0)
    expect(followed(setup, 100).every(({ explores, strategy }) => !explores && strategy === 'greedy')).toBe(
      true,
    )
    const [pinned] = followed(setup, 1, { model: 'a' })
    expect(pinned).toMatchObject({ strategy: 'thompson', pinned: true })
  })
})

describe('a canary', () => {
  const canary = (canaryShare: number): Arm =>
    armOf('new', { canaryShare, qualityPrior: { mean: 0.95, strength: 50 } })
  const gets = (plans: readonly Plan[]): number =>
    share(plans, ({ candidates }) => candidates[0]?.arm === 'up/new')

  it('gets no more than its share, however good it is believed to be', () => {
    const plans = followed(routingOver([armOf('a'), canary(0.05)]), 1_000)
    expect(gets(plans)).toBeGreaterThan(0.04)
    expect(gets(plans)).toBeLessThanOrEqual(0.05)
    const held = plans[0]?.candidates.find(({ arm }) => arm === 'up/new')
    expect(held).toMatchObject({ score: null, excluded: [{ reason: 'canary' }] })
    expect(gets(followed(routingOver([armOf('a'), canary(0)]), 100))).toBe(0)
  })

  it('answers where nobody else can, and where the client names it', () => {
    const setup = routingOver([armOf('a'), canary(0)])
    expect(gets(followed(setup, 10, { constraints: { deny: ['a'] } }))).toBe(1)
    expect(gets(followed(setup, 10, { model: 'new' }))).toBe(1)
  })
})

describe('a floor of quality', () => {
  it('leaves out whoever is expected below it, by name', () => {
    const setup = routingOver([armOf('a'), armOf('good', { qualityPrior: { mean: 0.9, strength: 10 } })])
    const [plan] = followed(setup, 1, { constraints: { minQuality: 0.7 } })
    expect(plan?.candidates.map(({ arm, excluded }) => [arm, excluded])).toEqual([
      ['up/good', null],
      ['up/a', [{ reason: 'quality_floor', detail: 'quality is expected at 0.50, the floor is 0.7' }]],
    ])
  })
})

it('rails count nothing that was only planned', () => {
  const { router, rails } = routingOver([armOf('a'), armOf('b')], undefined, null, 0, 0.5)
  for (let n = 0; n < 50; n += 1) router.plan(requestOf({ seed: `${n}` }))
  expect(rails.mayExplore(DEFAULT_TENANT)).toBe(false)
  expect(new Rails(1).mayExplore(DEFAULT_TENANT)).toBe(true)
})

describe('a shadow strategy', () => {
  const shadow = { strategy: 'greedy', features: null } as const

  it('decides, is told, and changes nothing', () => {
    const setup = routingOver([armOf('a'), armOf('b', { qualityPrior: { mean: 0.6, strength: 2 } })])
    let differs = 0
    for (let n = 0; n < 50; n += 1) {
      const alone = setup.router.plan(requestOf({ seed: `${n}` }))
      expect(alone.shadow).toBeNull()
      const shadowed = setup.router.plan(requestOf({ seed: `${n}`, shadow }))
      expect(shadowed).toEqual({ ...alone, shadow: { strategy: 'greedy', arm: 'up/b' } })
      differs += Number(shadowed.candidates[0]?.arm !== 'up/b')
    }
    expect(differs).toBeGreaterThan(5)
  })

  it('draws for itself: what it would do says nothing of what is done', () => {
    const over = (exploration: number) =>
      routingOver([armOf('a'), armOf('b')], undefined, null, exploration).router
    const both = (router: ReturnType<typeof over>, strategy: 'thompson' | 'greedy') =>
      Array.from({ length: 400 }, (_, n) => {
        const plan = router.plan(requestOf({ seed: `${n}`, shadow: { strategy, features: null } }))
        return [plan.candidates[0]?.arm, plan.shadow?.arm] as const
      })
    const same = both(over(0), 'thompson').filter(([followed, shadowed]) => followed === shadowed)
    // Two fair coins agree 200 times of 400, with a deviation of 10.
    expect(Math.abs(same.length - 200)).toBeLessThan(45)
    expect(new Set(both(over(1), 'greedy').map(([, shadowed]) => shadowed)).size).toBe(1)
  })

  it('has nothing to say where the client names the model', () => {
    const { router } = routingOver([armOf('a'), armOf('b')])
    expect(router.plan(requestOf({ model: 'a', shadow })).shadow).toBeNull()
  })
})
