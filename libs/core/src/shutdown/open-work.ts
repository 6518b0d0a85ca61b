/**
 * The work that is open: requests, streams, sockets. A stop waits until none is left, asks what is late to end, and cuts
 * what doesn't. Invariant: work that says it is done is neither ended nor cut afterwards.
 */

/** How a stop gets at a piece of work; each is called once at most. One that throws keeps no other piece from its turn. */
export interface WorkControls {
  /** The stop has begun: take nothing new, and be done as soon as nothing is under way. At once where it has begun already. */
  drain?(): void
  /**
   * It is late: end now, politely (a WebSocket with 1001, a stream with a final error event), and be done in a moment.
   * @param reason for whoever waits for the work at the other end
   */
  end?(reason: string): void
  /** It is too late: let go of it, whatever is lost. */
  cut(): void
}

interface Work {
  readonly name: string
  readonly controls: WorkControls
  isEnded: boolean
}

export class OpenWork {
  readonly #open = new Set<Work>()
  #waiting: (() => void)[] = []
  #draining = false

  /** How many pieces are open. */
  get size(): number {
    return this.#open.size
  }

  /** What is open, as it was named, oldest first. */
  get names(): string[] {
    return [...this.#open].map(({ name }) => name)
  }

  /**
   * Takes a piece of work in.
   * @param name for the log: what it is, and which
   * @returns to be called when it is done; more than once does no harm
   */
  track(name: string, controls: WorkControls): () => void {
    const work: Work = { name, controls, isEnded: false }
    this.#open.add(work)
    if (this.#draining) attempt(() => controls.drain?.())
    return () => this.#close(work)
  }

  /** Tells what is open that the stop has begun, and so whatever comes later. */
  drain(): void {
    if (this.#draining) return
    this.#draining = true
    for (const { controls } of [...this.#open]) attempt(() => controls.drain?.())
  }

  /** Resolves when nothing is open: at once, where nothing is. */
  idle(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve()
    return new Promise(resolve => this.#waiting.push(resolve))
  }

  /** Ends what is open, but not twice. @returns the names of what it ended, or could not: they did not come to their own end */
  end(reason: string): string[] {
    const late = [...this.#open].filter(({ isEnded }) => !isEnded)
    for (const work of late) {
      work.isEnded = true
      attempt(() => work.controls.end?.(reason))
    }
    return late.map(({ name }) => name)
  }

  /** Cuts what is open: nothing is afterwards. @returns the names of what was cut */
  cut(): string[] {
    const rest = [...this.#open]
    for (const work of rest) {
      this.#close(work)
      attempt(() => work.controls.cut())
    }
    return rest.map(({ name }) => name)
  }

  #close(work: Work): void {
    if (!this.#open.delete(work) || this.#open.size > 0) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}

function attempt(control: () => void): void {
  try {
    control()
  } catch {
    // It stays open, and is named so, or was cut: there is nobody else to tell.
  }
}
