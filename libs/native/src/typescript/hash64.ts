/** MurmurHash3_x86_128 (Appleby 2011) of a string's UTF-16 code units, little endian: its first 64 bits. Not for secrets. */

/** 64 bits of a string as two unsigned words [hi, lo]: the seed of a decision, the hash of an arm. */
export function hash64(text: string): readonly [hi: number, lo: number] {
  let h1 = 0
  let h2 = 0
  let h3 = 0
  let h4 = 0
  const { length } = text
  const whole = length - (length % 8)
  let at = 0
  for (; at < whole; at += 8) {
    h1 ^= lane1(word(text, at))
    h1 = (rotate(h1, 19) + h2) | 0
    h1 = (Math.imul(h1, 5) + 0x561ccd1b) | 0
    h2 ^= lane2(word(text, at + 2))
    h2 = (rotate(h2, 17) + h3) | 0
    h2 = (Math.imul(h2, 5) + 0x0bcaa747) | 0
    h3 ^= lane3(word(text, at + 4))
    h3 = (rotate(h3, 15) + h4) | 0
    h3 = (Math.imul(h3, 5) + 0x96cd1c35) | 0
    h4 ^= lane4(word(text, at + 6))
    h4 = (rotate(h4, 13) + h1) | 0
    h4 = (Math.imul(h4, 5) + 0x32ac3b17) | 0
  }
  // Units past the end read as 0, as the tail of the published function does.
  if (length - at > 6) h4 ^= lane4(word(text, at + 6))
  if (length - at > 4) h3 ^= lane3(word(text, at + 4))
  if (length - at > 2) h2 ^= lane2(word(text, at + 2))
  if (length - at > 0) h1 ^= lane1(word(text, at))

  const bytes = 2 * length
  h1 ^= bytes
  h2 ^= bytes
  h3 ^= bytes
  h4 ^= bytes
  h1 = (h1 + h2 + h3 + h4) | 0
  h2 = (h2 + h1) | 0
  h3 = (h3 + h1) | 0
  h4 = (h4 + h1) | 0
  h1 = avalanche(h1)
  h2 = avalanche(h2)
  h3 = avalanche(h3)
  h4 = avalanche(h4)
  h1 = (h1 + h2 + h3 + h4) | 0
  return [h1 >>> 0, (h2 + h1) >>> 0]
}

/** Two code units as one word; charCodeAt past the end is NaN, which counts as 0. */
function word(text: string, at: number): number {
  return text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16)
}

function lane1(k: number): number {
  return Math.imul(rotate(Math.imul(k, 0x239b961b), 15), 0xab0e9789)
}

function lane2(k: number): number {
  return Math.imul(rotate(Math.imul(k, 0xab0e9789), 16), 0x38b34ae5)
}

function lane3(k: number): number {
  return Math.imul(rotate(Math.imul(k, 0x38b34ae5), 17), 0xa1e38b93)
}

function lane4(k: number): number {
  return Math.imul(rotate(Math.imul(k, 0xa1e38b93), 18), 0x239b961b)
}

function rotate(x: number, by: number): number {
  return (x << by) | (x >>> (32 - by))
}

function avalanche(h: number): number {
  h ^= h >>> 16
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return h ^ (h >>> 16)
}
