/** `durability: off`: decisions and observations are learned from and forgotten. Only sequences are given, so that snapshots know their place. */
import type { Journal, JournalBatch } from '@atp/domain/observation'

export class UnrecordedJournal implements Journal {
  #sequence: number

  /** @param after the last sequence that was ever given */
  constructor(after: number) {
    this.#sequence = after
  }

  async append({ observations }: JournalBatch): Promise<number> {
    this.#sequence += observations.length
    return this.#sequence
  }
}
