import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findAddon } from '../src/rust/find-addon.ts'
import { hash64 } from '../src/typescript/hash64.ts'
import { rust, withoutRust } from './implementations.ts'

describe('hash64', () => {
  it('is MurmurHash3_x86_128 of the UTF-16LE bytes: values of the reference implementation', () => {
    expect(hash64('')).toEqual([0, 0])
    expect(hash64('a')).toEqual([54_243_734, 3_438_235_617])
    expect(hash64('hello world')).toEqual([2_411_616_485, 1_458_454_397])
    expect(hash64('0190b3c4-7c1e-7d2a-9a3b-1c2d3e4f5a6b')).toEqual([816_252_367, 3_204_933_247])
  })

  it('does not collide over 200,000 request ids', () => {
    const seen = new Set<number>()
    for (let k = 0; k < 200_000; k += 1) {
      const [hi, lo] = hash64(`req_${k}`)
      seen.add(hi * 2 ** 21 + (lo >>> 11))
    }
    expect(seen.size).toBe(200_000)
  })

  it.skipIf(rust === null)(`is the same in Rust, lone surrogates included${withoutRust}`, () => {
    const addon = findAddon(fileURLToPath(new URL('../addon/', import.meta.url)))
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), fc.nat(0xffff), (text, unit) => {
        const odd = text + String.fromCharCode(unit)
        expect(Array.from(addon.hash64(odd))).toEqual(hash64(odd))
      }),
    )
  })
})
