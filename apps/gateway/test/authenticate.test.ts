import { ManualClock } from '@atp/core/clock'
import { hashOfKey } from '@atp/core/key-text'
import { epochMs } from '@atp/core/units'
import { type ApiKey, BUILT_IN_TENANT, type KeyHolder } from '@atp/domain/tenant'
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { type Credentials, KeyAuthenticator } from '../src/corridor/authenticate.ts'

const text = (letter: string): string => `atp_${letter.repeat(43)}`
const bearer = (key: string): Credentials => ({ authorization: `Bearer ${key}` })

const clock = new ManualClock()
let hashes: number
let noted: string[]
let authenticator: KeyAuthenticator
let isLoaded: boolean

function holderOf(letter: string, differs: Partial<ApiKey> = {}): [string, KeyHolder] {
  const hash = hashOfKey(text(letter))
  const key = { id: letter, hash, scope: 'data', revokedAt: null, expiresAt: null, ...differs } as ApiKey
  return [hash, { key, tenant: key.scope === 'admin' ? null : BUILT_IN_TENANT }]
}

const holders = new Map([
  holderOf('d'),
  holderOf('a', { scope: 'admin' }),
  holderOf('e', { expiresAt: epochMs(clock.now()) }),
  holderOf('r', { revokedAt: epochMs(1) }),
])

beforeEach(() => {
  hashes = 0
  noted = []
  isLoaded = true
  authenticator = new KeyAuthenticator({
    directory: {
      holder: hash => holders.get(hash) ?? null,
      get isLoaded() {
        return isLoaded
      },
    },
    use: { note: key => noted.push(key) },
    clock,
    hash: key => {
      hashes += 1
      return hashOfKey(key)
    },
  })
})

function refusalOf(credentials: Credentials): { code: string; message: string; hashes: number } {
  hashes = 0
  try {
    authenticator.caller(credentials)
  } catch (error) {
    const { code, message } = error as { code: string; message: string }
    return { code, message, hashes }
  }
  throw new Error('it was let in')
}

const REFUSED = {
  code: 'invalid_api_key',
  message: 'a valid API key is needed: authorization: Bearer atp_..., or x-api-key: atp_...',
  hashes: 1,
}

describe('a key', () => {
  it('names its tenant and is noted as used, in either header, the scheme in any case', () => {
    const expected = { tenant: BUILT_IN_TENANT, key: 'd' }
    expect(authenticator.caller(bearer(text('d')))).toEqual(expected)
    expect(authenticator.caller({ authorization: `bearer  ${text('d')}` })).toEqual(expected)
    expect(authenticator.caller({ 'x-api-key': text('d') })).toEqual(expected)
    expect(noted).toEqual(['d', 'd', 'd'])
  })

  it.each([
    ['unknown', bearer(text('x'))],
    ['revoked', bearer(text('r'))],
    ['expired', bearer(text('e'))],
    ['malformed', bearer('atp_short')],
    ['oversized', bearer(text('d').repeat(200))],
    ['of another scheme', { authorization: `Basic ${text('d')}` }],
    ['missing', {}],
    ['twice in its header', { 'x-api-key': [text('d'), text('d')] }],
    ['a good one behind a bad one', { ...bearer(text('x')), 'x-api-key': text('d') }],
  ])('that is %s is refused in the same words, after the same work, and not noted', (_name, credentials) => {
    expect(refusalOf(credentials)).toEqual(REFUSED)
    expect(noted).toEqual([])
  })

  it('is nothing else that may stand in a header', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (authorization, key) => {
        expect(refusalOf({ authorization, 'x-api-key': key })).toEqual(REFUSED)
        expect(refusalOf({ 'x-api-key': key })).toEqual(REFUSED)
      }),
    )
  })

  it('of one plane opens nothing on the other', () => {
    expect(authenticator.administrator(bearer(text('a')))).toBe('a')
    expect(refusalOf(bearer(text('a')))).toMatchObject({ code: 'forbidden' })
    expect(() => authenticator.administrator(bearer(text('d')))).toThrow('needs an admin key')
  })

  it('that nobody can know yet is not called wrong', () => {
    isLoaded = false
    expect(refusalOf(bearer(text('x')))).toMatchObject({ code: 'overloaded' })
    expect(authenticator.administrator(bearer(text('a')))).toBe('a')
  })
})
