/** The only source of chance here: a uniform number in [0, 1) that depends on nothing but its arguments, so that every run repeats. */
export function uniform(...parts: readonly (string | number)[]): number {
  let hash = 0x811c9dc5
  for (const part of parts) {
    const text = String(part)
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
    // A separator that no text contains: ('ab', 'c') is not ('a', 'bc').
    hash = Math.imul(hash ^ 0x10000, 0x01000193)
  }
  return mix(hash) / 2 ** 32
}

/** @returns one of the items, the same one for the same arguments */
export function pick<T>(items: readonly [T, ...T[]], ...parts: readonly (string | number)[]): T {
  return items[Math.floor(uniform(...parts) * items.length)] ?? items[0]
}

/** FNV-1a leaves its high bits poor; the finalizer of MurmurHash3 spreads them. */
function mix(hash: number): number {
  let h = hash
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
