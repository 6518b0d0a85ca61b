/**
 * Cuts a byte stream into whole server-sent events without changing, copying or decoding them: what `push` and `rest` return is,
 * in sum, what came in. A line ends with CR LF, LF or CR, an event with an empty line (WHATWG HTML, section 9.2.5).
 */
export const LF = 0x0a
export const CR = 0x0d

export class EventSplitter {
  #held: Buffer[] = []
  #heldBytes = 0
  /** The stream's last byte so far; it starts like after a line's end. */
  #previous = LF

  /** How many bytes wait for the end of their event. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  /** All events that are complete now, as one slice; null where none is. */
  push(chunk: Buffer): Buffer | null {
    if (chunk.length === 0) return null
    const end = this.#lastEventEnd(chunk)
    this.#previous = chunk[chunk.length - 1] as number
    if (end === 0) {
      this.#hold(chunk)
      return null
    }
    const block = this.#join(end === chunk.length ? chunk : chunk.subarray(0, end))
    if (end < chunk.length) this.#hold(chunk.subarray(end))
    return block
  }

  /** What the stream's end left incomplete; null where nothing is. */
  rest(): Buffer | null {
    return this.#heldBytes === 0 ? null : this.#join(null)
  }

  /**
   * From the back, because a read mostly ends where an event does: then two bytes decide. An event that ends with a CR is
   * complete at once; should the CR's LF follow in the next chunk, it ends no further line.
   */
  #lastEventEnd(chunk: Buffer): number {
    for (let end = chunk.length; end > 0; end--) {
      const byte = chunk[end - 1]
      if (byte !== LF && byte !== CR) continue
      let start = end - 1
      if (byte === LF && (start === 0 ? this.#previous : chunk[start - 1]) === CR) {
        if (start === 0) return 0
        start--
      }
      const before = start === 0 ? this.#previous : chunk[start - 1]
      if (before === LF || before === CR) return end
    }
    return 0
  }

  #hold(bytes: Buffer): void {
    this.#held.push(bytes)
    this.#heldBytes += bytes.length
  }

  #join(last: Buffer | null): Buffer {
    if (this.#heldBytes === 0 && last !== null) return last
    if (last !== null) this.#held.push(last)
    const block = this.#held.length === 1 ? (this.#held[0] as Buffer) : Buffer.concat(this.#held)
    this.#held = []
    this.#heldBytes = 0
    return block
  }
}

/** Where the event that starts at `from` ends: after its empty line, or at the end of the bytes. */
export function eventEnd(bytes: Buffer, from: number): number {
  let lineStart = from
  let at = from
  while (at < bytes.length) {
    const byte = bytes[at]
    if (byte !== LF && byte !== CR) {
      at++
      continue
    }
    const next = byte === CR && bytes[at + 1] === LF ? at + 2 : at + 1
    if (at === lineStart) return next
    lineStart = next
    at = next
  }
  return bytes.length
}
