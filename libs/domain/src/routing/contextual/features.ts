/** Features as they are stored with a decision, so that a judgement of tomorrow teaches what was decided on today. */
import { type NativeModule, PROMPT_FEATURES } from '@atp/native'

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

/** @returns null where they are not this version's, or no figures */
export function decodeFeatures(encoded: string): Float64Array | null {
  const bytes = Buffer.from(encoded, 'base64')
  if (bytes.length !== PROMPT_FEATURES * Float32Array.BYTES_PER_ELEMENT) return null
  // A copy, because a view of figures must begin at a multiple of four.
  const features = Float64Array.from(new Float32Array(Uint8Array.from(bytes).buffer))
  return features.every(Number.isFinite) ? features : null
}
