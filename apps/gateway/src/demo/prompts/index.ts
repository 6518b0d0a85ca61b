/** Some three hundred prompts in five kinds: what the demo sends. */
import { CHAT } from './chat.ts'
import { CODE } from './code.ts'
import { EXTRACTION } from './extraction.ts'
import { MATHS } from './maths.ts'
import { SUMMARY } from './summary.ts'

export const PROMPTS = {
  code: CODE,
  maths: MATHS,
  extraction: EXTRACTION,
  chat: CHAT,
  summary: SUMMARY,
} as const

/**
 * `count` prompts, the kinds in turn, so that any stretch of them is as mixed as any other. They differ until each kind has
 * run out, and repeat from then on.
 */
export function promptSequence(count: number): string[] {
  const kinds = Object.values(PROMPTS).map(shuffled)
  return Array.from({ length: count }, (_, i) => {
    const kind = kinds[i % kinds.length] as readonly string[]
    return kind[Math.floor(i / kinds.length) % kind.length] as string
  })
}

/** A stride that shares no factor with the length visits all: neighbours in the file are not neighbours in the run. */
function shuffled(prompts: readonly string[]): readonly string[] {
  let stride = Math.floor(prompts.length * 0.618)
  while (commonDivisor(stride, prompts.length) > 1) stride += 1
  return prompts.map((_, i) => prompts[(i * stride) % prompts.length] as string)
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b)
}
