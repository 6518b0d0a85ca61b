import { createMetrics, createWorkerMetrics } from '@atp/infrastructure/telemetry'
import { describe, expect, it } from 'vitest'
import { Crew } from '../../src/workers/crew.ts'
import type { Job } from '../../src/workers/messages.ts'
import { MetricSum } from '../../src/workers/metric-sum.ts'
import type { Ended, WorkerProcess } from '../../src/workers/process.ts'
import { seriesOf } from '../support/series.ts'

const REQUESTS = 'atp_requests_total{endpoint="/v1/ask",status="2xx"}'
const JOB = { configuration: null, workers: 2, developmentKeysIn: null, readyFirst: false }

/**
 * Workers without processes: each counts three requests while it leaves. `refusal`: it does not start. `deaf`: it never stops by itself.
 * `slow`: it starts until it is stopped.
 */
function setUp(how: { readonly refusal?: string; readonly deaf?: boolean; readonly slow?: boolean } = {}) {
  const jobs: Job[] = []
  const events: string[] = []
  const metrics = new MetricSum(createWorkerMetrics())
  const launch = (): WorkerProcess => {
    const counted = createMetrics()
    const { promise: ended, resolve: end } = Promise.withResolvers<Ended>()
    const begun = Promise.withResolvers<object>()
    const answers: Readonly<Record<string, (body: never) => unknown>> = {
      begin: (job: Job) => {
        jobs.push(job)
        if (how.refusal !== undefined) throw new Error(how.refusal)
        if (how.slow === true) return begun.promise
        return { url: 'http://127.0.0.1:1', notes: [] }
      },
      retire: () => events.push('retire'),
      stop: async () => {
        events.push('stop')
        if (how.deaf === true) throw new Error('stop was not answered')
        if (how.slow === true) {
          begun.reject(new Error('the gateway is shutting down'))
          await new Promise(resolve => setImmediate(resolve))
        }
        for (let time = 0; time < 3; time++) counted.request('/v1/ask', 200, 1)
        return { unfinished: [], figures: await counted.figures() }
      },
      figures: () => counted.figures(),
    }
    return {
      pid: jobs.length,
      wire: { ask: async (name: string, body: never) => answers[name]?.(body) } as never,
      ended,
      hangUp: () => end({ code: 0, signal: null }),
      kill: () => {
        events.push('kill')
        end({ code: null, signal: 'SIGKILL' })
      },
    }
  }
  const crew = new Crew({ launch, calls: {} as never, metrics, dataDir: '/data' })
  const requests = async () => seriesOf(await metrics.render(), REQUESTS)
  return { crew, jobs, events, requests }
}

describe('a crew', () => {
  it('gives each member a directory that none that lives has, that of the last one that left first', async () => {
    const { crew, jobs } = setUp()
    const { member } = await crew.enlist(JOB)
    const { member: another } = await crew.enlist(JOB)
    for (const leaving of [member, another]) await crew.retire(leaving, 1_000)
    for (let time = 0; time < 3; time++) await crew.enlist(JOB)
    expect(jobs.map(({ dataDir }) => dataDir)).toEqual(
      ['1', '2', '2', '1', '3'].map(number => `/data/worker-${number}`),
    )
  })

  it('counts once what a member said that it had counted when it left', async () => {
    const { crew, requests, events } = setUp()
    const { member } = await crew.enlist(JOB)
    await crew.enlist(JOB)
    await crew.retire(member, 1_000)
    expect(events).toEqual(['retire', 'stop'])
    expect(await requests()).toBe(3)
    expect(await crew.stop(1_000)).toEqual([])
    expect(await requests()).toBe(6)
  })

  it('ends a member that does not start, says why, and has its directory free again', async () => {
    const { crew, events, jobs } = setUp({ refusal: 'the port is taken' })
    for (let time = 0; time < 2; time++) await expect(crew.enlist(JOB)).rejects.toThrow('the port is taken')
    expect(events).toEqual(['kill', 'kill'])
    expect(jobs.map(({ dataDir }) => dataDir)).toEqual(['/data/worker-1', '/data/worker-1'])
  })

  it('ends a member that does not stop, and names it among what was cut', async () => {
    const { crew, events } = setUp({ deaf: true })
    await crew.enlist(JOB)
    expect(await crew.stop(1_000)).toEqual([{ phase: 'streams', name: 'worker 1', fate: 'cut' }])
    expect(events).toEqual(['stop', 'kill'])
  })

  it('lets a member that has not begun yet stop in good order, too', async () => {
    const { crew, events, jobs } = setUp({ slow: true })
    const enlisted = crew.enlist(JOB)
    const refused = expect(enlisted).rejects.toThrow('shutting down')
    await expect.poll(() => jobs.length, { timeout: 30_000 }).toBe(1)
    expect(await crew.stop(1_000)).toEqual([])
    expect(events).toEqual(['stop'])
    await refused
  })

  it('takes nobody in once it stops', async () => {
    const { crew, jobs } = setUp()
    await crew.stop(1_000)
    await expect(crew.enlist(JOB)).rejects.toThrow('stopping')
    expect(jobs).toEqual([])
  })
})
