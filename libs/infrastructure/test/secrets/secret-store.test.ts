import { inspect } from 'node:util'
import { ManualClock } from '@atp/core/clock'
import { type ConfigSecret, SecretReference } from '@atp/core/config'
import { SeededRandom } from '@atp/core/random'
import { SecretUnreadable } from '@atp/core/secret-source'
import { describe, expect, it } from 'vitest'
import { SecretStore } from '../../src/secrets/index.ts'
import { AWAY, FakeSource } from './fake-source.ts'

const RULE = { pattern: /^[^!]*$/, found: 'an exclamation mark', allowed: 'none' }
const USER = new SecretReference('vault', 'creds', 'user')
const PASSWORD = new SecretReference('vault', 'creds', 'password')

function setUp(secrets: readonly ConfigSecret[] = credentials()) {
  const source = new FakeSource()
  source.answer = { user: 'u1', password: 'p1' }
  const clock = new ManualClock()
  const lines: string[] = []
  const say = (facts: object, message: string) => void lines.push(`${message} ${JSON.stringify(facts)}`)
  const store = new SecretStore({
    secrets,
    sources: { vault: source },
    policy: { ttlMs: 60_000, staleIfErrorMs: 600_000 },
    clock,
    random: new SeededRandom(1),
    log: { info: say, warn: say },
  })
  return { source, clock, store, lines }
}

function credentials(): ConfigSecret[] {
  return [
    { field: 'database.user', reference: USER, rule: RULE },
    { field: 'database.password', reference: PASSWORD, rule: RULE },
  ]
}

describe('the store of secrets', () => {
  it('reads what belongs together at once, and tells of a change when all of it is there', async () => {
    const { source, clock, store } = setUp()
    await store.open()
    expect(source.reads).toHaveLength(1)
    const [user, password] = [store.get(USER), store.get(PASSWORD)]
    const told: string[] = []
    user.onChange(() => told.push(`${user.reveal()} ${password.reveal()}`))
    const end = password.onChange(() => told.push('never'))
    end()
    source.answer = { user: 'u2', password: 'p2' }
    clock.advance(60_000)
    await store.refreshDue()
    source.answer = { user: 'u2', password: 'p3' }
    clock.advance(60_000)
    await store.refreshDue()
    expect(told).toEqual(['u2 p2'])
    expect(password.reveal()).toBe('p3')
    expect(user.generation).toBe(2)
    await store.close()
  })

  it('counts by the kind of place what was read, what was new, and what failed', async () => {
    const { source, clock, store } = setUp()
    source.version = 'version 1'
    await store.open()
    const next = async (waitMs: number) => {
      clock.advance(waitMs)
      await store.refreshDue()
    }
    await next(60_000)
    source.version = 'version 2'
    await next(60_000)
    source.answer = AWAY
    await next(60_000)
    const [counts, ...others] = store.counts()
    expect(counts).toMatchObject({ source: 'vault', reads: 3, versions: 2, failures: 1, oldestMs: 60_000 })
    expect(others).toEqual([])
    await store.close()
  })

  it('asks its place once for all who were refused, and says whether there is another value', async () => {
    const { source, clock, store } = setUp()
    await store.open()
    const password = store.get(PASSWORD)
    const { generation } = password
    expect(await password.replaced(generation)).toBe(false)
    clock.advance(1_000)
    source.answer = { user: 'u1', password: 'p2' }
    const all = await Promise.all([1, 2, 3].map(() => password.replaced(generation)))
    expect(all).toEqual([true, true, true])
    expect(source.reads).toHaveLength(3)
    // Refused with the old one, after it was replaced: nobody is asked.
    expect(await password.replaced(generation)).toBe(true)
    expect(source.reads).toHaveLength(3)
    await store.close()
  })

  it('does not start where one cannot be read, and names each', async () => {
    const { source, store } = setUp()
    source.answer = { user: 'u1' }
    await expect(store.open()).rejects.toMatchObject({
      code: 'start_failed',
      problems: [{ field: 'database.password', found: expect.stringContaining('no field "password"') }],
    })
    await store.close()
  })

  it('keeps the value that can be used where the next cannot, and says so once', async () => {
    const { source, clock, store, lines } = setUp()
    await store.open()
    source.answer = { user: 'u1', password: 'p2!' }
    for (let times = 0; times < 3; times += 1) {
      clock.advance(60_000)
      await store.refreshDue()
    }
    expect(store.get(PASSWORD).reveal()).toBe('p1')
    expect(store.status()[1]?.failure?.message).toContain('exclamation')
    expect(lines.filter(line => line.includes('cannot be read'))).toHaveLength(1)
    await store.close()
  })

  it('serves on while its place is away, says so once, and that it is back', async () => {
    const { source, clock, store, lines } = setUp()
    await store.open()
    source.answer = AWAY
    for (let times = 0; times < 4; times += 1) {
      clock.advance(60_000)
      await store.refreshDue()
    }
    expect(store.get(PASSWORD).reveal()).toBe('p1')
    source.answer = { user: 'u1', password: 'p1' }
    clock.advance(60_000)
    await store.refreshDue()
    expect(lines.map(line => line.split(':')[0]?.split(' {')[0])).toEqual([
      'secrets cannot be read',
      'secrets can be read again',
    ])
    source.answer = AWAY
    clock.advance(60_000)
    await store.refreshDue()
    clock.advance(600_001)
    expect(() => store.get(PASSWORD).reveal()).toThrow(SecretUnreadable)
    await store.close()
  })

  it('reads at once what its place says has changed', async () => {
    const { source, store } = setUp()
    await store.open()
    source.answer = { user: 'u1', password: 'p2' }
    source.changed()
    await expect.poll(() => store.get(PASSWORD).reveal()).toBe('p2')
    await store.close()
  })

  it('shows no value: not in the log, its status, an error, or itself', async () => {
    const { source, clock, store, lines } = setUp()
    source.answer = { user: 'canary-user', password: 'canary-one' }
    await store.open()
    source.answer = { user: 'canary-user', password: 'canary!' }
    clock.advance(60_000)
    await store.refreshDue()
    const password = store.get(PASSWORD)
    const shown = [
      lines.join(),
      inspect(store, { depth: 9, showHidden: true }),
      JSON.stringify(store.status()),
      `${password}`,
      inspect(password, { showHidden: true }),
      JSON.stringify({ password }),
    ]
    for (const text of shown) expect(text).not.toContain('canary')
    await store.close()
  })
})
