/** A part as the scripts in Redis read it: little-endian doubles, [half-life, time, changes, first, most, figures...]. */
import type { Part } from '@atp/domain/replication'

const HEADER = 5
const BYTES = Float64Array.BYTES_PER_ELEMENT

export function encodePart({ halfLifeMs, at, changes, first, most, figures }: Part): Buffer {
  const doubles = new Float64Array(HEADER + figures.length)
  doubles.set([halfLifeMs, at, changes, first, most])
  doubles.set(figures, HEADER)
  return Buffer.from(doubles.buffer)
}

/** Figures are whatever they are: who adopts them checks them. @throws {RangeError} where it is no part */
export function decodePart(bytes: Buffer): Part {
  if (bytes.length < HEADER * BYTES || bytes.length % BYTES !== 0) {
    throw new RangeError(`a part is ${HEADER} doubles or more, found ${bytes.length} bytes`)
  }
  // A copy, because a view of doubles must begin at a multiple of eight.
  const doubles = new Float64Array(Uint8Array.from(bytes).buffer)
  const [halfLifeMs, at, changes, first, most] = doubles as unknown as Header
  if (!(halfLifeMs > 0 && isCount(at) && isCount(changes) && isCount(first) && most > 0)) {
    throw new RangeError(
      `a part begins with a half-life, a time and three counts, found ${doubles.slice(0, HEADER)}`,
    )
  }
  return { halfLifeMs, at, changes, first, most, figures: doubles.slice(HEADER) }
}

type Header = [halfLifeMs: number, at: number, changes: number, first: number, most: number]

function isCount(x: number): boolean {
  return x >= 0 && x <= Number.MAX_SAFE_INTEGER
}
