/** What the primary of several workers counts of them. */
import { Counter, Gauge, Registry } from 'prom-client'
import type { MetricFigures } from './add-up.ts'

export interface WorkerMetrics {
  /** So many serve. */
  serving(workers: number): void
  /** So many did not say in time what they count. */
  silent(workers: number): void
  /** One ended by itself. */
  lost(): void
  figures(): Promise<MetricFigures>
}

export function createWorkerMetrics(): WorkerMetrics {
  const registry = new Registry()
  const registers = [registry]
  const serving = new Gauge({ name: 'atp_workers', help: 'Workers that serve', registers })
  const silent = new Gauge({
    name: 'atp_workers_silent',
    help: 'Workers that did not say in time what they count: these figures have what they said before',
    registers,
  })
  const lost = new Counter({
    name: 'atp_workers_lost_total',
    help: 'Workers that ended without being asked to',
    registers,
  })
  return {
    serving: workers => serving.set(workers),
    silent: workers => silent.set(workers),
    lost: () => lost.inc(),
    figures: () => registry.getMetricsAsJSON(),
  }
}
