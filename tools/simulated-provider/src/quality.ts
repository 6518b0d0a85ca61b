/** The quality of an answer: right or wrong, with shades, drawn by hash, so that the same question to the same model comes out alike. */
import { uniform } from './uniform.ts'

const RIGHT = { from: 0.9, to: 1 }
const WRONG = { from: 0, to: 0.4 }

/** What a mean can be: all answers wrong, or all right. */
export const LOWEST_MEAN = 0.2
export const HIGHEST_MEAN = 0.95

/** @returns a quality in [0, 1], two decimals, whose expected value over prompts is `mean` (clamped to what is possible) */
export function drawQuality(mean: number, seed: number, model: string, prompt: string): number {
  const clamped = Math.min(HIGHEST_MEAN, Math.max(LOWEST_MEAN, mean))
  const shareRight = (clamped - LOWEST_MEAN) / (HIGHEST_MEAN - LOWEST_MEAN)
  const { from, to } = uniform(seed, 'right', model, prompt) < shareRight ? RIGHT : WRONG
  const exact = from + (to - from) * uniform(seed, 'shade', model, prompt)
  return Math.round(exact * 100) / 100
}
