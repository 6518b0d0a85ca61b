/**
 * The text of an API key: `atp_` and 256 random bits. A plain hash is enough to keep it by: what is drawn from 2^256 is not
 * found by trying, however fast the hash.
 */
import { hash } from 'node:crypto'
import type { Random } from './random.ts'

const SECRET_BYTES = 32
const HINT_LENGTH = 4
export const KEY_PATTERN = '^atp_[A-Za-z0-9_-]{43}$'
const KEY = new RegExp(KEY_PATTERN)

/** @param random must be fit for secrets */
export function newKeyText(random: Random): string {
  return `atp_${Buffer.from(random.bytes(SECRET_BYTES)).toString('base64url')}`
}

export function isKeyText(text: string): boolean {
  return KEY.test(text)
}

/** @returns SHA-256, hexadecimal */
export function hashOfKey(text: string): string {
  return hash('sha256', text, 'hex')
}

export function hintOfKey(text: string): string {
  return text.slice(-HINT_LENGTH)
}
