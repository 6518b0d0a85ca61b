export { addUp, METRICS_CONTENT_TYPE, type MetricFigures, withLasting } from './add-up.ts'
export { createMetrics, type Metrics } from './metrics.ts'
export { createWorkerMetrics, type WorkerMetrics } from './worker-metrics.ts'
