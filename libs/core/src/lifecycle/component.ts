/** A part of the process that is started and stopped, and what it needs of others. */

export interface Component {
  readonly name: string
  /** Names of the components that run before it starts, and until it has stopped. */
  readonly needs?: readonly string[]
  /** Milliseconds that its start may take. */
  readonly startTimeoutMs?: number
  /**
   * Must leave nothing behind when it fails: the `stop` of a component that didn't start is not called.
   * @param signal fires when nobody waits for the start any more
   */
  start?(signal: AbortSignal): Promise<void> | void
  /** @param patienceMs milliseconds after which nobody waits for it any more */
  stop?(patienceMs: number): Promise<void> | void
}
