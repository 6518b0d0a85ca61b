/** The figures of several processes as one; each metric says itself how it adds up. */
import { AggregatorRegistry, Registry } from 'prom-client'

/** All that a process counts, as plain data. */
export type MetricFigures = Awaited<ReturnType<Registry['getMetricsAsJSON']>>

/** Of the text. */
export const METRICS_CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE

/** @returns Prometheus' text format */
export function addUp(figures: readonly MetricFigures[]): Promise<string> {
  return AggregatorRegistry.aggregate([...figures]).metrics()
}

/**
 * What stays of a process that has ended: its counters and histograms, added to those of the ones before it. Without them a sum would
 * fall, and whoever reads it would take all that is left for new.
 */
export function withLasting(past: MetricFigures, ended: MetricFigures): Promise<MetricFigures> {
  const lasting = ended.filter(({ type }) => LASTING.has(String(type)))
  return AggregatorRegistry.aggregate([past, lasting]).getMetricsAsJSON()
}

const LASTING: ReadonlySet<string> = new Set(['counter', 'histogram'])
