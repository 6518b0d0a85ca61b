/** What the primary and its workers may ask each other. */
import type { Unfinished } from '@atp/core/shutdown'
import type { MetricFigures } from '@atp/infrastructure/telemetry'
import type { PortCall } from './shared-ports.ts'

/** What a worker is to serve. */
export interface Job {
  /** The configuration file and what stood in it when it was checked, so that all workers serve by the same words; null without a file. */
  readonly configuration: { readonly file: string; readonly text: string } | null
  /** Where this worker keeps its journal: nobody else's while it lives. */
  readonly dataDir: string
  /** Of them all. */
  readonly workers: number
  /** Where development keys are kept; null where none are to be made. */
  readonly developmentKeysIn: string | null
  /** Whether it may listen only once it is ready: another one serves until then. */
  readonly readyFirst: boolean
}

export interface Begun {
  readonly url: string
  /** For standard output. */
  readonly notes: readonly string[]
}

/** How a worker left. */
export interface Left {
  /** What did not come to its own end. */
  readonly unfinished: readonly Unfinished[]
  /** Its last figures; null where it had none. */
  readonly figures: MetricFigures | null
}

export type WorkerCalls = {
  /** Answers when it listens. Refuses with all that is wrong, for a person. */
  begin(job: Job): Promise<Begun>
  /** Lets its clients go over to the others: answers when none is left, or after the time that an idle connection may live. */
  retire(body: null): Promise<void>
  /** Stops in good order, and ends after the answer. */
  stop(body: null): Promise<Left>
  figures(body: null): Promise<MetricFigures>
}

export type PrimaryCalls = {
  /** The metrics of all workers, added up, in Prometheus' text format. */
  scrape(body: null): Promise<string>
  /** Of what workers share where there is no Redis. Refuses with the error that the port throws. */
  port(call: PortCall): Promise<unknown>
}
