import { createMetrics, createWorkerMetrics, type Metrics } from '@atp/infrastructure/telemetry'
import { describe, expect, it } from 'vitest'
import { MetricSum, type Source } from '../../src/workers/metric-sum.ts'
import { seriesOf } from '../support/series.ts'

const REQUESTS = 'atp_requests_total{endpoint="/v1/ask",status="2xx"}'
const DURATIONS = 'atp_request_duration_seconds_count{endpoint="/v1/ask"}'

/** A worker that has answered so many requests, and has so many streams under way. */
function worker(requests: number, streams = 0): { metrics: Metrics; source: Source } {
  const metrics = createMetrics()
  metrics.build('1', true)
  for (let time = 0; time < requests; time++) metrics.request('/v1/ask', 200, 10)
  for (let time = 0; time < streams; time++) metrics.streamStarted()
  return { metrics, source: { figures: () => metrics.figures() } }
}

async function rendered(sum: MetricSum) {
  const text = await sum.render()
  return (series: string) => seriesOf(text, series)
}

describe('the metrics of several workers', () => {
  it('add up: counters, histograms, gauges; and what is one thing stays one', async () => {
    const sum = new MetricSum(createWorkerMetrics())
    for (const { source } of [worker(2, 1), worker(3, 1)]) sum.add(source)
    const value = await rendered(sum)
    expect(value(REQUESTS)).toBe(5)
    expect(value(DURATIONS)).toBe(5)
    expect(value('atp_streams_in_flight')).toBe(2)
    expect(value('atp_build_info{version="1",native="true"}')).toBe(1)
    expect(value('atp_workers_silent')).toBe(0)
  })

  it('keep what a worker counted that has ended, not what it was doing', async () => {
    const sum = new MetricSum(createWorkerMetrics())
    const [staying, leaving] = [worker(2, 1), worker(3, 1)]
    sum.add(staying.source)
    sum.add(leaving.source)
    leaving.metrics.request('/v1/ask', 200, 10)
    sum.ended(leaving.source, await leaving.metrics.figures())
    // However often that is said.
    sum.ended(leaving.source, await leaving.metrics.figures())
    sum.ended(leaving.source, null)
    const value = await rendered(sum)
    expect(value(REQUESTS)).toBe(6)
    expect(value(DURATIONS)).toBe(6)
    expect(value('atp_streams_in_flight')).toBe(1)
  })

  it('never fall where a worker is killed: it counts as it was last heard', async () => {
    const sum = new MetricSum(createWorkerMetrics())
    const [staying, killed] = [worker(2), worker(3)]
    sum.add(staying.source)
    sum.add(killed.source)
    expect((await rendered(sum))(REQUESTS)).toBe(5)
    sum.ended(killed.source, null)
    expect((await rendered(sum))(REQUESTS)).toBe(5)
  })

  it('say how many workers did not answer, and have what those said before', async () => {
    const sum = new MetricSum(createWorkerMetrics())
    const { metrics, source } = worker(3)
    let answers = true
    sum.add({ figures: () => (answers ? metrics.figures() : Promise.reject(new Error('hung'))) })
    sum.add(source)
    expect((await rendered(sum))(REQUESTS)).toBe(6)
    answers = false
    const value = await rendered(sum)
    expect([value(REQUESTS), value('atp_workers_silent')]).toEqual([6, 1])
  })

  it('count a worker once that ends while they are asked for', async () => {
    const sum = new MetricSum(createWorkerMetrics())
    const { metrics } = worker(3)
    const leaving: Source = {
      async figures() {
        const figures = await metrics.figures()
        sum.ended(leaving, figures)
        return figures
      },
    }
    sum.add(leaving)
    const value = await rendered(sum)
    expect([value(REQUESTS), value('atp_workers_silent')]).toEqual([3, 0])
  })
})
