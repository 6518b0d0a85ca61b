/** A wait that can be ended early. An end that comes before the wait ends the next one at once: no wake-up is lost. */
export class Pause {
  #wake: (() => void) | null = null
  #ended = false

  /** Waits `ms` milliseconds, or until it is ended. */
  async for(ms: number): Promise<void> {
    const timer = setTimeout(() => this.#wake?.(), ms)
    await this.#sleep()
    clearTimeout(timer)
  }

  /** Waits until it is ended. */
  async until(): Promise<void> {
    await this.#sleep()
  }

  end(): void {
    this.#ended = true
    this.#wake?.()
  }

  async #sleep(): Promise<void> {
    if (!this.#ended) {
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
    this.#wake = null
    this.#ended = false
  }
}
