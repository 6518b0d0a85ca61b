/** Features as they are stored with a decision, so that a judgement of tomorrow teaches what was decided on today. */
import { type NativeModule, PROMPT_FEATURES } from '@atp/native'
import { EMBEDDED_PROMPT_FEATURES } from './embedding-features.ts'

/** Single precision: what is learned from must be what was decided on, and half the bytes do. */
export function featuresOf(text: string, native: Pick<NativeModule, 'promptFeatures'>): Float64Array {
  const features = new Float64Array(PROMPT_FEATURES)
  native.promptFeatures(text, features)
  return features.map(Math.fround)
}

/** Base64 of single-precision figures, little-endian. */
export function encodeFeatures(features: Float64Array): string {
  return Buffer.from(Float32Array.from(features).buffer).toString('base64')
}

/**
 * @param dimension that is learned with: features beyond it are left out, and such as were not taken then are 0
 * @returns null where they are of no version known, or no figures
 */
export function decodeFeatures(encoded: string, dimension: number): Float64Array | null {
  const bytes = Buffer.from(encoded, 'base64')
  const length = bytes.length / Float32Array.BYTES_PER_ELEMENT
  if (length !== PROMPT_FEATURES && length !== EMBEDDED_PROMPT_FEATURES) return null
  // A copy, because a view of figures must begin at a multiple of four.
  const stored = new Float32Array(Uint8Array.from(bytes).buffer)
  if (!stored.every(Number.isFinite)) return null
  const features = new Float64Array(dimension)
  features.set(stored.subarray(0, dimension))
  return features
}
