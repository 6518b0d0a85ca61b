import { ManualClock } from '@atp/core/clock'
import type { AdapterId, ArmId } from '@atp/core/ids'
import { typescriptNative } from '@atp/native'
import { describe, expect, it } from 'vitest'
import { AdapterRegistry, BREAKER_DEFAULTS } from '../../src/adapter/index.ts'
import type { Arm } from '../../src/routing/index.ts'
import { adapterOf, armOf, resultOf } from './adapters.ts'

const EAST = 'east' as AdapterId
const FAST = 'east/fast' as ArmId

function registryOf() {
  const clock = new ManualClock()
  return { clock, registry: new AdapterRegistry({ native: typescriptNative, clock }) }
}

function begin(registry: AdapterRegistry, arm = FAST) {
  const call = registry.begin(arm)
  if (call === null) throw new Error(`no call of ${arm} is let through`)
  return call
}

describe('the adapter registry', () => {
  it('finds arms by id, and by a model that one or several adapters serve', () => {
    const { registry } = registryOf()
    registry.register(adapterOf('east', ['fast', 'good']))
    registry.register(adapterOf('west', ['good']))
    const ids = (model: string) => registry.resolve(model).map(arm => arm.id)
    expect(ids('east/good')).toEqual(['east/good'])
    expect(ids('fast')).toEqual(['east/fast'])
    expect(ids('good')).toEqual(['east/good', 'west/good'])
    expect(ids('best')).toEqual([])
    expect(registry.arm('west/good')?.adapterId).toBe('west')
    expect(registry.arm('good')).toBeUndefined()
  })

  it('prefers the arm of an id to a model of the same name', () => {
    const { registry } = registryOf()
    registry.register(adapterOf('west', ['east/fast']))
    registry.register(adapterOf('east', ['fast']))
    expect(registry.resolve('east/fast').map(arm => arm.id)).toEqual(['east/fast'])
    expect(registry.resolve('west/east/fast').map(arm => arm.id)).toEqual(['west/east/fast'])
  })

  it('keeps its arrays until something changes', async () => {
    const { registry } = registryOf()
    registry.register(adapterOf('east', ['fast']))
    const arms = registry.arms()
    const found = registry.resolve('fast')
    expect(registry.arms()).toBe(arms)
    expect(registry.resolve('fast')).toBe(found)
    expect(registry.adapters()).toBe(registry.adapters())
    registry.register(adapterOf('west', ['good']))
    expect(registry.arms()).not.toBe(arms)
    await registry.unregister(EAST)
    expect(registry.arms().map(arm => arm.id)).toEqual(['west/good'])
  })

  it('refuses a second adapter of the same id', () => {
    const { registry } = registryOf()
    registry.register(adapterOf('east', ['fast']))
    expect(() => registry.register(adapterOf('east', ['good']))).toThrow(
      expect.objectContaining({ code: 'duplicate_adapter' }),
    )
    expect(registry.arms().map(arm => arm.id)).toEqual(['east/fast'])
  })

  const price = { inputUsdPerMtok: 1, outputUsdPerMtok: 4 }
  const illegal: readonly [field: string, arms: readonly Arm[]][] = [
    ['arms', []],
    ['arms[0].adapterId', [armOf('east', 'fast', { adapterId: 'west' as AdapterId })]],
    ['arms[0].id', [armOf('east', 'fast', { id: 'fast' as ArmId })]],
    ['arms[1].id', [armOf('east', 'fast'), armOf('east', 'fast')]],
    [
      'arms[0].price.outputUsdPerMtok',
      [armOf('east', 'fast', { price: { ...price, outputUsdPerMtok: -1 } })],
    ],
    ['arms[0].capabilities', [armOf('east', 'fast', { capabilities: new Set(['embeddings']) })]],
    ['arms[0].contextWindow', [armOf('east', 'fast', { contextWindow: Number.NaN })]],
    ['arms[0].expectedLatencyMs', [armOf('east', 'fast', { expectedLatencyMs: 0 })]],
    ['arms[0].qualityPrior.mean', [armOf('east', 'fast', { qualityPrior: { mean: 1, strength: 2 } })]],
  ]
  it.each(illegal)('refuses an adapter with illegal %s and says where', (field, arms) => {
    const { registry } = registryOf()
    expect(() => registry.register({ ...adapterOf('east', []), arms })).toThrow(
      expect.objectContaining({ code: 'invalid_argument', problems: [expect.objectContaining({ field })] }),
    )
    expect(registry.adapters()).toEqual([])
  })

  it.each(['', 'a/b', 'a b'])('refuses the id %j', id => {
    const { registry } = registryOf()
    expect(() => registry.register(adapterOf(id, ['fast']))).toThrow(
      expect.objectContaining({ problems: [expect.objectContaining({ field: 'id' })] }),
    )
  })

  it('takes an adapter out of routing at once and closes its provider after the last call', async () => {
    const { registry } = registryOf()
    const adapter = adapterOf('east', ['fast'])
    registry.register(adapter)
    const [first, second] = [begin(registry), begin(registry)]
    const gone = registry.unregister(EAST)
    expect(registry.arms()).toEqual([])
    expect(registry.begin(FAST)).toBeNull()
    expect(registry.isCandidate(FAST)).toBe(false)
    expect(first.provider).toBe(adapter.provider)
    first.end(resultOf('success'))
    first.end(resultOf('success'))
    await Promise.resolve()
    expect(adapter.closed()).toBe(0)
    second.end(resultOf('error'))
    expect(await gone).toBe(true)
    expect(adapter.closed()).toBe(1)
  })

  it('closes the provider of an idle adapter at once, and knows no other', async () => {
    const { registry } = registryOf()
    const adapter = adapterOf('east', ['fast'])
    registry.register(adapter)
    expect(await registry.unregister(EAST)).toBe(true)
    expect(adapter.closed()).toBe(1)
    expect(await registry.unregister(EAST)).toBe(false)
  })

  it('takes a new adapter of an id whose old one is still finishing', async () => {
    const { registry } = registryOf()
    const [old, young] = [adapterOf('east', ['fast']), adapterOf('east', ['fast'])]
    registry.register(old)
    const call = begin(registry)
    const gone = registry.unregister(EAST)
    registry.register(young)
    expect(registry.begin(FAST)?.provider).toBe(young.provider)
    call.end(resultOf('error'))
    await gone
    expect([old.closed(), young.closed()]).toEqual([1, 0])
    expect(registry.health(EAST)).toMatchObject({ calls: 0 })
  })

  it('takes the traffic from an adapter that fails, and gives it back after a probe', () => {
    const { clock, registry } = registryOf()
    registry.register(adapterOf('east', ['fast', 'good']))
    for (let call = 0; call < BREAKER_DEFAULTS.failureThreshold; call += 1) {
      begin(registry).end(resultOf('error'))
    }
    expect(registry.isCandidate('east/good' as ArmId)).toBe(false)
    expect(registry.begin(FAST)).toBeNull()
    clock.advance(BREAKER_DEFAULTS.cooldownMs)
    const probe = begin(registry)
    expect(registry.isCandidate(FAST)).toBe(false)
    probe.end(resultOf('success'))
    expect(registry.isCandidate(FAST)).toBe(true)
    expect(registry.health(EAST)?.circuit).toBe('closed')
  })

  const failing = (fault: 'model' | 'account') => ({ ...resultOf('error'), fault })
  const GOOD = 'east/good' as ArmId
  const BAD = 'east/bad' as ArmId

  it('takes the traffic from a model that fails alone, and leaves its neighbours theirs', () => {
    const { clock, registry } = registryOf()
    registry.register(adapterOf('east', ['fast', 'good']))
    for (let call = 0; call < BREAKER_DEFAULTS.failureThreshold; call += 1)
      begin(registry).end(failing('model'))
    expect(registry.whyNot(FAST)).toBe('model_circuit_open')
    expect(registry.whyNot(GOOD)).toBeNull()
    expect(registry.health(EAST)).toMatchObject({
      circuit: 'closed',
      arms: { 'east/fast': { circuit: 'open' }, 'east/good': { circuit: 'closed' } },
    })
    clock.advance(BREAKER_DEFAULTS.cooldownMs)
    const probe = begin(registry)
    expect(registry.begin(FAST)).toBeNull()
    begin(registry, GOOD).end(resultOf('success'))
    probe.end(resultOf('success'))
    expect(registry.whyNot(FAST)).toBeNull()
  })

  it('takes the traffic from the whole adapter where one model after the other fails', () => {
    const { registry } = registryOf()
    registry.register(adapterOf('east', ['fast', 'good', 'bad']))
    for (const arm of [FAST, GOOD]) {
      for (let call = 0; call < BREAKER_DEFAULTS.failureThreshold; call += 1) {
        begin(registry, arm).end(failing('model'))
      }
    }
    expect(registry.whyNot(BAD)).toBe('circuit_open')
  })

  it('holds a fault of the account against no model', () => {
    const { clock, registry } = registryOf()
    registry.register(adapterOf('east', ['fast', 'good']))
    for (let call = 0; call < BREAKER_DEFAULTS.failureThreshold; call += 1) {
      begin(registry).end(failing('account'))
    }
    expect(registry.whyNot(GOOD)).toBe('circuit_open')
    expect(registry.health(EAST)?.arms[FAST]?.circuit).toBe('closed')
    clock.advance(BREAKER_DEFAULTS.cooldownMs)
    // On trial any fault is the account's.
    begin(registry, GOOD).end(failing('model'))
    expect(registry.whyNot(FAST)).toBe('circuit_open')
  })

  it('holds faults of two models against the account only where nothing of it answered in between', () => {
    const { registry } = registryOf()
    registry.register(adapterOf('east', ['fast', 'good', 'bad']))
    for (let call = 0; call < 2 * BREAKER_DEFAULTS.failureThreshold; call += 1) {
      begin(registry, GOOD).end(resultOf('success'))
      registry.begin(FAST)?.end(failing('model'))
      begin(registry, GOOD).end(resultOf('success'))
      registry.begin(BAD)?.end(failing('model'))
    }
    expect(registry.health(EAST)?.circuit).toBe('closed')
    expect([FAST, BAD].map(arm => registry.whyNot(arm))).toEqual(['model_circuit_open', 'model_circuit_open'])
  })

  it('opens an account on trial again by a fault of one model alone', () => {
    const { clock, registry } = registryOf()
    registry.register(adapterOf('east', ['fast', 'good']))
    begin(registry, GOOD).end(resultOf('rate_limited', 5, 2_000))
    clock.advance(2_000)
    begin(registry).end(failing('model'))
    expect(registry.whyNot(GOOD)).toBe('circuit_open')
  })

  it('sends an adapter that has too much no more than it bears', () => {
    const clock = new ManualClock()
    const registry = new AdapterRegistry({
      native: typescriptNative,
      clock,
      concurrency: { fewest: 2, most: 64 },
    })
    registry.register(adapterOf('east', ['fast', 'good']))
    const calls = Array.from({ length: 8 }, () => begin(registry))
    for (const call of calls) call.end(resultOf('rate_limited'))
    expect(registry.health(EAST)?.concurrencyLimit).toBe(4)
    const held = Array.from({ length: 4 }, () => begin(registry, GOOD))
    expect(registry.begin(FAST)).toBeNull()
    expect(registry.whyNot(FAST)).toBe('at_capacity')
    held[0]?.end(resultOf('success'))
    expect(registry.whyNot(FAST)).toBeNull()
  })

  it.each([
    ['none', null, null],
    ['accounts', 'circuit_open', null],
    ['all', 'circuit_open', 'model_circuit_open'],
  ] as const)('lets no client find out where trials of %s do', (trials, account, model) => {
    const clock = new ManualClock()
    const registry = new AdapterRegistry({ native: typescriptNative, clock, trials })
    registry.register(adapterOf('east', ['fast', 'good']))
    registry.register(adapterOf('west', ['fast']))
    for (let call = 0; call < BREAKER_DEFAULTS.failureThreshold; call += 1) {
      begin(registry).end(failing('model'))
      begin(registry, 'west/fast' as ArmId).end(failing('account'))
    }
    expect([...registry.trials()]).toEqual([])
    clock.advance(BREAKER_DEFAULTS.cooldownMs)
    expect(registry.whyNot('west/fast' as ArmId)).toBe(account)
    expect(registry.whyNot(FAST)).toBe(model)
    const begun = [...registry.trials()]
    expect(begun.map(({ of, arm }) => `${of} ${arm.id}`)).toEqual(
      [model && 'model east/fast', account && 'account west/fast'].filter(Boolean),
    )
    expect([...registry.trials()]).toEqual([])
    const calls = registry.health(EAST)?.calls
    for (const trial of begun) trial.succeeded(clock.monotonic())
    expect(registry.whyNot(FAST)).toBeNull()
    expect(registry.whyNot('west/fast' as ArmId)).toBeNull()
    expect(registry.health(EAST)?.calls).toBe(calls)
  })

  it('waits twice as long after a trial that failed, and no longer after one that was given up', () => {
    const clock = new ManualClock()
    const registry = new AdapterRegistry({ native: typescriptNative, clock, trials: 'all' })
    registry.register(adapterOf('east', ['fast']))
    for (let call = 0; call < BREAKER_DEFAULTS.failureThreshold; call += 1)
      begin(registry).end(failing('account'))
    clock.advance(BREAKER_DEFAULTS.cooldownMs)
    for (const trial of registry.trials()) trial.abandoned()
    for (const trial of registry.trials()) trial.failed(clock.monotonic())
    clock.advance(2 * BREAKER_DEFAULTS.cooldownMs - 1)
    expect([...registry.trials()]).toEqual([])
    clock.advance(1)
    expect([...registry.trials()]).toHaveLength(1)
  })

  it('holds nothing against an adapter for rejected requests, clients that left, and rate limits', () => {
    const { clock, registry } = registryOf()
    registry.register(adapterOf('east', ['fast']))
    for (let call = 0; call < 20; call += 1) {
      begin(registry).end(resultOf('rejected'))
      begin(registry).end(resultOf('cancelled'))
      begin(registry).end(resultOf('rate_limited'))
    }
    expect(registry.isCandidate(FAST)).toBe(true)
    begin(registry).end(resultOf('rate_limited', 5, 2_000))
    expect(registry.isCandidate(FAST)).toBe(false)
    clock.advance(2_000)
    expect(registry.isCandidate(FAST)).toBe(true)
  })

  it('tells the health of an adapter and of each of its arms', () => {
    const { clock, registry } = registryOf()
    registry.register(adapterOf('east', ['fast', 'good']))
    begin(registry).end(resultOf('success', 100))
    begin(registry, 'east/good' as ArmId).end(resultOf('error', 100))
    begin(registry)
    clock.advance(50)
    expect(registry.health(EAST)).toMatchObject({
      calls: 2,
      inFlight: 1,
      errorRate: 0.5,
      staleMs: 50,
      circuit: 'closed',
      arms: {
        'east/fast': { calls: 1, inFlight: 1, errorRate: 0 },
        'east/good': { calls: 1, inFlight: 0, errorRate: 1 },
      },
    })
    expect(registry.health('west' as AdapterId)).toBeUndefined()
  })
})
