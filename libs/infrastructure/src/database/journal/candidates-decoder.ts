/** A decision's candidates as the journal keeps them: the encoder's doubles, and names from the dictionary. */
import { NUMBERS_PER_CANDIDATE } from './batch-layout.ts'

/**
 * @param exclusions JSON array of reason, detail, reason, detail, ... of all candidates, or null
 * @returns the candidates as plain data, as the domain has them
 */
export function decodeCandidates(
  encoded: Uint8Array,
  exclusions: string | null,
  names: readonly string[],
): unknown[] {
  // A copy, because a view of doubles must begin at a multiple of eight.
  const numbers = new Float64Array(encoded.slice().buffer)
  const texts: string[] = exclusions === null ? [] : JSON.parse(exclusions)
  const candidates: unknown[] = []
  let text = 0
  for (let first = 0; first < numbers.length; first += NUMBERS_PER_CANDIDATE) {
    const number = (index: number): number => numbers[first + index] as number
    const excluded: unknown[] = []
    for (let left = number(12); left > 0; left--) {
      excluded.push({ reason: texts[text++], detail: texts[text++] })
    }
    const hasTerms = !Number.isNaN(number(2))
    candidates.push({
      arm: names[number(0)],
      score: Number.isNaN(number(1)) ? null : number(1),
      terms: hasTerms ? { quality: number(2), cost: number(3), latency: number(4) } : null,
      excluded: excluded.length === 0 ? null : excluded,
      estimate: {
        qualityMean: number(5),
        ...(Number.isNaN(number(6))
          ? { alpha: null, beta: null, qualityDeviation: number(7) }
          : { alpha: number(6), beta: number(7), qualityDeviation: null }),
        reliability: number(8),
        costUsd: number(9),
        latencyMs: number(10),
        outputTokens: number(11),
      },
    })
  }
  return candidates
}
