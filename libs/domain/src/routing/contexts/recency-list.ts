/** Entries in the order of their last use; every operation takes the same few steps, however many there are. */
export interface Linked<Entry> {
  older: Entry | null
  newer: Entry | null
}

export class RecencyList<Entry extends Linked<Entry>> {
  #oldest: Entry | null = null
  #newest: Entry | null = null

  get oldest(): Entry | null {
    return this.#oldest
  }

  add(entry: Entry): void {
    entry.older = this.#newest
    entry.newer = null
    if (this.#newest === null) this.#oldest = entry
    else this.#newest.newer = entry
    this.#newest = entry
  }

  remove(entry: Entry): void {
    if (entry.older === null) this.#oldest = entry.newer
    else entry.older.newer = entry.newer
    if (entry.newer === null) this.#newest = entry.older
    else entry.newer.older = entry.older
  }

  touch(entry: Entry): void {
    if (entry === this.#newest) return
    this.remove(entry)
    this.add(entry)
  }
}
