/**
 * A text as a bag of its words, each at the place that its hash names: texts with the same words point the same way. Nothing here
 * knows what a word means.
 */
import { uniform } from './uniform.ts'

/** @returns a vector of length 1; of a text without words, all figures are 0 */
export function embeddingOf(text: string, dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions)
  for (const [word] of text.toLowerCase().matchAll(/[\p{L}\p{N}]+/gu)) {
    const place = Math.floor(uniform('place', word) * dimensions)
    vector[place] = (vector[place] as number) + (uniform('sign', word) < 0.5 ? -1 : 1)
  }
  const length = Math.hypot(...vector)
  return length === 0 ? vector : vector.map(figure => figure / length)
}
