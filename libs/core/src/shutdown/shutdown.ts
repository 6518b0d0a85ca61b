/**
 * The stop of a process that others talk to, in phases: `lag`, in which it is unready and serves on; `streams`, in which what clients wait
 * for ends; `tasks`, in which what nobody waits for ends; `components`, which stop in their order. Invariants: nothing that ends within its
 * window is ended or cut; what a phase doesn't use is the next one's; the end comes at the deadline, whatever hangs.
 */
import type { Clock } from '../clock.ts'
import type { StopFailure } from '../lifecycle/index.ts'
import type { Logger } from '../logging.ts'
import { type Timers, within } from '../timers.ts'
import type { OpenWork } from './open-work.ts'

/** Milliseconds. The lag comes first, and is not part of the total; the components have what is left of it. */
export interface ShutdownWindows {
  readonly lag: number
  readonly total: number
  readonly streams: number
  readonly tasks: number
}

export type ShutdownPhase = 'lag' | 'streams' | 'tasks' | 'components'

/** `ended`: politely, but not by itself; `cut`: without a word; `hung`: waited for in vain; `failed`: it threw. */
export interface Unfinished {
  readonly phase: ShutdownPhase
  readonly name: string
  readonly fate: 'ended' | 'cut' | 'hung' | 'failed'
}

export interface ShutdownReport {
  /** Empty where nothing was lost. */
  readonly unfinished: readonly Unfinished[]
  readonly durationMs: number
}

export interface ShutdownOptions {
  readonly windows: ShutdownWindows
  /** What clients wait for. */
  readonly work: OpenWork
  /** What nobody waits for. */
  readonly tasks: OpenWork
  /** Lets nobody new in; returns at once. */
  readonly closeDoors: () => void
  readonly stopComponents: (patienceMs: number) => Promise<readonly StopFailure[]>
  readonly log: Logger
  readonly clock: Clock
  readonly timers: Timers
}

const REASON = 'the gateway is shutting down'
/** What was asked to end has so long to do so, and a tenth of the total at most: what it has to say is recorded first. */
const LAST_WORDS_MS = 5_000

export class Shutdown {
  readonly #options: ShutdownOptions
  readonly #unfinished: Unfinished[] = []
  #report: Promise<ShutdownReport> | undefined

  constructor(options: ShutdownOptions) {
    this.#options = options
  }

  /** Whether nobody should send anything new. */
  get hasBegun(): boolean {
    return this.#report !== undefined
  }

  /** Never rejects; a second call awaits the same stop. */
  run(): Promise<ShutdownReport> {
    this.#report ??= this.#run()
    return this.#report
  }

  async #run(): Promise<ShutdownReport> {
    const { windows, work, tasks, closeDoors, log, clock } = this.#options
    const begun = clock.monotonic()
    log.info({ windows, open: work.size, background: tasks.size }, 'the stop has begun: not ready any more')
    await this.#phase('lag', () => this.#wait(windows.lag))
    const start = clock.monotonic()
    await this.#phase('streams', () => {
      closeDoors()
      return this.#finish('streams', work, start + windows.streams)
    })
    await this.#phase('tasks', () => this.#finish('tasks', tasks, start + windows.streams + windows.tasks))
    await this.#phase('components', () => this.#stopComponents(start + windows.total))
    const durationMs = clock.monotonic() - begun
    const lost = this.#unfinished.length
    log[lost === 0 ? 'info' : 'error']({ durationMs, unfinished: lost }, 'stopped')
    return { unfinished: this.#unfinished, durationMs }
  }

  async #phase(phase: ShutdownPhase, run: () => Promise<void>): Promise<void> {
    const { log, clock } = this.#options
    const begun = clock.monotonic()
    try {
      await run()
    } catch (error) {
      log.error({ err: error, phase }, 'a phase of the stop failed')
      this.#unfinished.push({ phase, name: phase, fate: 'failed' })
    }
    log.info({ phase, durationMs: clock.monotonic() - begun }, 'phase of the stop done')
  }

  /** Waits until nothing is open; at the deadline what is left is asked to end, and a moment later cut. */
  async #finish(phase: ShutdownPhase, open: OpenWork, deadline: number): Promise<void> {
    const { windows, clock, timers } = this.#options
    open.drain()
    if (await within(timers, Math.max(0, deadline - clock.monotonic()), open.idle())) return
    for (const name of open.end(REASON)) this.#lost({ phase, name, fate: 'ended' })
    await within(timers, Math.min(LAST_WORDS_MS, windows.total / 10), open.idle())
    for (const name of open.cut()) this.#lost({ phase, name, fate: 'cut' })
  }

  async #stopComponents(deadline: number): Promise<void> {
    const { stopComponents, clock } = this.#options
    const failures = await stopComponents(Math.max(0, deadline - clock.monotonic()))
    for (const { component, fate } of failures) this.#lost({ phase: 'components', name: component, fate })
  }

  #lost(unfinished: Unfinished): void {
    this.#unfinished.push(unfinished)
    this.#options.log.error({ ...unfinished }, LOST[unfinished.fate])
  }

  async #wait(ms: number): Promise<void> {
    if (ms > 0) await new Promise<void>(resolve => this.#options.timers.after(ms, resolve))
  }
}

const LOST: Readonly<Record<Unfinished['fate'], string>> = {
  ended: 'ended by the stop: it was not done in time',
  cut: 'cut by the stop: it did not end when it was asked to',
  hung: 'left behind by the stop: it hung',
  failed: 'left behind by the stop: it failed',
}
