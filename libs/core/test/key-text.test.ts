import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hashOfKey, hintOfKey, isKeyText, newKeyText } from '../src/key-text.ts'
import { SystemRandom } from '../src/random.ts'

const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 })

describe('the text of a key', () => {
  it('holds all 256 bits that it was drawn with, and is told from other text', () => {
    fc.assert(
      fc.property(bytes, drawn => {
        const text = newKeyText({ bytes: () => drawn, uint32: () => 0 })
        expect(isKeyText(text)).toBe(true)
        expect(new Uint8Array(Buffer.from(text.slice('atp_'.length), 'base64url'))).toEqual(drawn)
        expect(text.endsWith(hintOfKey(text))).toBe(true)
        expect(hashOfKey(text)).toBe(createHash('sha256').update(text).digest('hex'))
      }),
    )
  })

  it('is nothing longer, shorter or in another alphabet', () => {
    const key = newKeyText(new SystemRandom())
    for (const bad of ['', 'atp_', key.slice(0, -1), `${key}A`, `${key}\n`, ` ${key}`, key.toUpperCase()]) {
      expect(isKeyText(bad), bad).toBe(false)
    }
    fc.assert(
      fc.property(fc.string(), text => {
        expect(isKeyText(text)).toBe(/^atp_[\w-]{43}$/.test(text) && text.length === 47)
      }),
    )
  })

  it('is never the same twice', () => {
    const random = new SystemRandom()
    expect(new Set(Array.from({ length: 1_000 }, () => newKeyText(random))).size).toBe(1_000)
  })
})
