/**
 * Further features, of what a prompt is about: the vector of an embedding model, projected to few figures and scaled to length 1.
 * Angles between vectors about stay what they were, whatever the model and its dimension (Johnson & Lindenstrauss 1984); the
 * matrix is of signs, each 1 or -1 with probability 1/2 (Achlioptas 2003, theorem 1.1), and the same in every process.
 */
import { PROMPT_FEATURES } from '@atp/native'

export const EMBEDDING_FEATURES = 16
export const EMBEDDED_PROMPT_FEATURES = PROMPT_FEATURES + EMBEDDING_FEATURES

/** Another seed is another projection: what was learned with one means nothing to the other. */
const SEED = 0x9e37_79b9

/**
 * @param features of the prompt's shape and words, length `PROMPT_FEATURES`
 * @param vector of any length; null where there is none: its figures are 0 then
 * @returns both, length `EMBEDDED_PROMPT_FEATURES`
 */
export function withEmbedding(features: Float64Array, vector: Float64Array | null): Float64Array {
  const both = new Float64Array(EMBEDDED_PROMPT_FEATURES)
  both.set(features)
  if (vector !== null) both.set(projected(vector), PROMPT_FEATURES)
  return both
}

function projected(vector: Float64Array): Float64Array {
  const out = new Float64Array(EMBEDDING_FEATURES)
  for (let row = 0; row < vector.length; row += 1) {
    const figure = vector[row] as number
    const signs = mixed(row + SEED)
    for (let k = 0; k < EMBEDDING_FEATURES; k += 1) {
      // Without a branch: a processor guesses half of such signs wrong, and takes five times as long.
      out[k] = (out[k] as number) + figure * (((signs >> k) & 1) * 2 - 1)
    }
  }
  const length = Math.hypot(...out)
  // A vector without direction says nothing.
  if (!(length > 0 && length < Number.POSITIVE_INFINITY)) return out.fill(0)
  // Single precision, as all features: what is learned from is what was decided on.
  return out.map(figure => Math.fround(figure / length))
}

/** A row's signs are bits of its mixed number (the finish of Murmur3). */
function mixed(row: number): number {
  let bits = row ^ (row >>> 16)
  bits = Math.imul(bits, 0x85eb_ca6b)
  bits ^= bits >>> 13
  bits = Math.imul(bits, 0xc2b2_ae35)
  return bits ^ (bits >>> 16)
}
