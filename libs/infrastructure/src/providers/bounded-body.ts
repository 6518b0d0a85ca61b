/** Collects a body up to a bound. */
export class BoundedBody {
  readonly #limit: number
  readonly #chunks: Buffer[] = []
  #bytes = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** @returns false once the body is longer than the bound; what is over it is dropped */
  add(chunk: Buffer): boolean {
    const room = this.#limit - this.#bytes
    const kept = chunk.length <= room ? chunk : chunk.subarray(0, room)
    this.#chunks.push(kept)
    this.#bytes += kept.length
    return kept === chunk
  }

  bytes(): Buffer {
    return this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks)
  }
}
