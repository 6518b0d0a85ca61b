import { format, inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Secret } from '../src/secret.ts'

const showings: Record<string, (secret: Secret) => string> = {
  'a template': secret => `${secret}`,
  concatenation: secret => `with ${secret.toString()}`,
  String: String,
  JSON: secret => JSON.stringify({ secret, list: [secret] }),
  inspect: secret => inspect({ secret }, { showHidden: true, depth: 9 }),
  format: secret => format('%s %o %O %j %d', secret, secret, secret, secret, secret),
  'an error': secret =>
    inspect(Object.assign(new Error(`refused: ${secret}`, { cause: secret }), { secret })),
  'its own keys': secret => JSON.stringify([Object.entries(secret), { ...secret }]),
  'a structured clone': secret => inspect(structuredClone({ secret })),
}

describe('Secret', () => {
  it.each(Object.entries(showings))('is not shown by %s', (_, show) => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 8 }).map(text => `SECRET${text}`),
        value => {
          expect(show(new Secret(value))).not.toContain(value)
        },
      ),
    )
  })

  it('is given away by reveal alone', () => {
    expect(new Secret('value').reveal()).toBe('value')
  })
})
