/**
 * What a prompt looks like, as numbers for a linear bandit: one pass over its characters, no network, no model.
 * Version 1. The first is the bias; then come 20 figures of shape (length, digits, lists of options, code, signs, ...), each
 * centred and scaled by constants, so that most lie within one unit of 0; then 16 of words: each word of the prompt adds or
 * takes one at the place that its hash names (Weinberger et al. 2009), scaled to length 1. Coefficients learned with one
 * version mean nothing to another: a change here is a new version.
 */

import { checkLength } from './checks.ts'
import { ln } from './elementary.ts'

export const PROMPT_FEATURES_VERSION = 1
const SHAPES = 20
const WORDS = 16
export const PROMPT_FEATURES = 1 + SHAPES + WORDS

/** Of a few thousand prompts of public benchmarks, rounded: what each shape is taken from, and divided by. */
const CENTRES = [
  -0.8, 0.9, 0.15, 0.4, 0.7, 0.5, 0.25, 0.4, 0.3, 0.45, -0.2, 0.1, 0.05, 0.2, 0, 0.05, -0.1, 0.05, 0.25, 0.2,
]
const SCALES = [
  0.9, 1.1, 0.3, 0.5, 0.9, 0.4, 0.5, 0.8, 0.3, 0.45, 1.2, 0.3, 0.3, 0.4, 0.3, 0.3, 0.5, 0.3, 0.45, 0.4,
]
/** So that all shapes together are about as long as the bias. */
const SHAPE_LENGTH = Math.sqrt(SHAPES)

/** Where 32-bit FNV-1a starts, and what it multiplies by. */
const FNV_OFFSET = 2166136261
const FNV_PRIME = 16777619

const CODE_WORDS = hashes('def function class return import python code sql')
const TRUTH_WORDS = hashes('true false valid invalid yes no')
const QUANTITY_WORDS = hashes('many much total each per')
const QUESTION_WORDS = hashes('what which who why how when where')

/** Counts over the characters of one prompt. */
class Shape {
  digits = 0
  newlines = 0
  questions = 0
  options = 0
  optionMarks = 0
  capitals = 0
  punctuation = 0
  words = 0
  sentences = 0
  hasCode = false
  hasTruth = false
  hasSign = false
  hasBlank = false
  hasQuote = false
  isForeign = false
  hasQuantity = false
  asksFirst = false
}

/** UTF-16 code units that are read: deciding must not wait for 50 MiB, and a longer prompt looks like its beginning. */
const MOST_READ = 16_384

/** As `NativeModule.promptFeatures`. */
export function promptFeatures(text: string, out: Float64Array): void {
  const read = beginningToRead(text, out)
  out.fill(0)
  const shape = new Shape()
  scan(read, shape, out)
  out[0] = 1
  figuresOf(read.length, shape).forEach((figure, k) => {
    out[1 + k] = (figure - (CENTRES[k] as number)) / (SCALES[k] as number) / SHAPE_LENGTH
  })
  normalize(out, 1 + SHAPES)
}

/** Checks what both implementations are given, and cuts the text before one of them copies it. @throws {RangeError} */
export function beginningToRead(text: string, out: Float64Array): string {
  if (typeof text !== 'string') throw new RangeError(`text must be a string, found ${typeof text}`)
  if (!(out instanceof Float64Array)) throw new RangeError(`out must be a Float64Array, found ${typeof out}`)
  checkLength('out', out.length, PROMPT_FEATURES)
  return text.length > MOST_READ ? text.slice(0, MOST_READ) : text
}

function figuresOf(length: number, shape: Shape): number[] {
  const characters = Math.max(1, length)
  const words = Math.max(1, shape.words)
  return [
    ln(1 + characters) - 6,
    ln(1 + shape.digits),
    (10 * shape.digits) / characters,
    Number(shape.newlines > 0),
    ln(1 + shape.newlines),
    ln(1 + shape.questions),
    Number(shape.options + shape.optionMarks > 0),
    ln(1 + shape.options),
    (10 * shape.capitals) / characters,
    (10 * shape.punctuation) / characters,
    characters / words - 6,
    Number(shape.hasCode),
    Number(shape.hasTruth),
    Number(shape.hasSign),
    Number(shape.hasBlank),
    Number(shape.hasQuote),
    ln(1 + words / (1 + shape.sentences)) - 2.5,
    Number(shape.isForeign),
    Number(shape.hasQuantity),
    Number(shape.asksFirst),
  ]
}

/** Words are runs of ASCII letters; a run of digits is one word, whatever the number. */
function scan(text: string, shape: Shape, out: Float64Array): void {
  let at = 0
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (isLetter(code)) at = scanWord(text, at, shape, out)
    else if (isDigit(code)) at = scanDigits(text, at, shape, out)
    else {
      scanSign(text, at, code, shape)
      at += 1
    }
  }
}

function scanWord(text: string, from: number, shape: Shape, out: Float64Array): number {
  let hash = FNV_OFFSET
  let at = from
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (!isLetter(code)) break
    if (code < 97) shape.capitals += 1
    hash = Math.imul(hash ^ (code | 32), FNV_PRIME)
  }
  const word = mixed(hash)
  if (shape.words === 0) shape.asksFirst = QUESTION_WORDS.has(word)
  shape.words += 1
  shape.hasCode ||= CODE_WORDS.has(word)
  shape.hasTruth ||= TRUTH_WORDS.has(word)
  shape.hasQuantity ||= QUANTITY_WORDS.has(word)
  if (at === from + 1) countOption(text, from, shape)
  addWord(word, out)
  return at
}

/** A letter alone: `(A)`, or `A)` or `A.` with a space after it. */
function countOption(text: string, at: number, shape: Shape): void {
  const letter = text.charCodeAt(at)
  if (letter < 65 || letter > 74) return
  const next = text[at + 1]
  if (next === ')' && text[at - 1] === '(') shape.options += 1
  else if ((next === ')' || next === '.') && letter <= 68 && (text[at + 2] ?? '').trim() === '') {
    shape.optionMarks += 1
  }
}

const NUMBER_WORD = mixed(Math.imul(FNV_OFFSET ^ 35, FNV_PRIME))

function scanDigits(text: string, from: number, shape: Shape, out: Float64Array): number {
  let at = from
  while (at < text.length && isDigit(text.charCodeAt(at))) at += 1
  shape.digits += at - from
  addWord(NUMBER_WORD, out)
  return at
}

const SIGNS = new Set(Array.from('$€£%=+*/<>^\\', sign => sign.charCodeAt(0)))

function scanSign(text: string, at: number, code: number, shape: Shape): void {
  if (code === 10) shape.newlines += 1
  if (code <= 32) return
  if (code > 127) shape.isForeign = true
  if (code === 95) shape.hasBlank ||= text.charCodeAt(at + 1) === 95
  else shape.punctuation += 1
  if (code === 63) shape.questions += 1
  if (code === 63 || code === 46 || code === 33) shape.sentences += 1
  if (code === 34) shape.hasQuote = true
  shape.hasSign ||= SIGNS.has(code)
}

function addWord(word: number, out: Float64Array): void {
  const at = 1 + SHAPES + (word % WORDS)
  out[at] = (out[at] as number) + (word & 0x4000_0000 ? 1 : -1)
}

function normalize(out: Float64Array, from: number): void {
  let squares = 0
  for (let k = from; k < out.length; k += 1) squares += (out[k] as number) ** 2
  if (squares === 0) return
  const length = Math.sqrt(squares)
  for (let k = from; k < out.length; k += 1) out[k] = (out[k] as number) / length
}

function isLetter(code: number): boolean {
  const lower = code | 32
  return lower >= 97 && lower <= 122
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

/** FNV-1a's low bits are weak: each bit of the sum moves all (the finish of Murmur3). */
function mixed(hash: number): number {
  let bits = hash ^ (hash >>> 16)
  bits = Math.imul(bits, 0x85eb_ca6b)
  bits ^= bits >>> 13
  bits = Math.imul(bits, 0xc2b2_ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}

function hashes(words: string): ReadonlySet<number> {
  return new Set(
    words.split(' ').map(word => {
      let hash = FNV_OFFSET
      for (const letter of word) hash = Math.imul(hash ^ letter.charCodeAt(0), FNV_PRIME)
      return mixed(hash)
    }),
  )
}
