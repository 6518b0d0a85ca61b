import { inspect } from 'node:util'
import { Secret } from '@atp/core/secret'
import { describe, expect, it } from 'vitest'
import { addressWithCredentials } from '../../src/secrets/index.ts'
import { followed } from './followed-source.ts'

const at = (url: string, user: string | null, password: string | null) =>
  addressWithCredentials(
    new Secret(url),
    user === null ? null : new Secret(user),
    password === null ? null : new Secret(password),
  ).reveal()

describe('an address with credentials', () => {
  it.each([
    ['postgres://h:1/d', 'u', 'p', 'postgres://u:p@h:1/d'],
    ['postgres://old@h/d', null, 'p@/:', 'postgres://old:p%40%2F%3A@h/d'],
    ['postgres://old:secret@h/d', 'u', 'p', 'postgres://u:p@h/d'],
    ['postgres://old:secret@h/d', 'u', null, 'postgres://u:secret@h/d'],
    ['redis://h', null, 'p', 'redis://:p@h'],
    ['postgresql://atp@%2Ftmp%2Fx/db?a=b@c', 'u', null, 'postgresql://u@%2Ftmp%2Fx/db?a=b@c'],
    ['redis://old:secret@h', null, null, 'redis://old:secret@h'],
  ])('%s, of %s with %s, is %s', (url, user, password, whole) => {
    expect(at(url, user, password)).toBe(whole)
  })

  it('is another when one of its parts is, and shows none of them', async () => {
    await using secrets = await followed({ user: 'canary', password: 'canary-1' })
    const address = addressWithCredentials(
      new Secret('redis://h'),
      secrets.secret('user'),
      secrets.secret('password'),
    )
    const { generation } = address
    secrets.replace({ user: 'canary', password: 'canary-2' }, 'silently')
    expect(await address.replaced(generation)).toBe(true)
    expect(address.reveal()).toBe('redis://canary:canary-2@h')
    expect(
      `${address} ${inspect(address, { showHidden: true })} ${JSON.stringify({ address })}`,
    ).not.toContain('canary')
  })
})
