import { describe, expect, it } from 'vitest'
import { loadConfig, shutdownWindows } from '../../src/config/index.ts'

const load = (env: Record<string, string>) => loadConfig({ env }).config.shutdown
const windows = (env: Record<string, string>) => shutdownWindows(load(env))

describe('the windows of a stop', () => {
  it('share 30 s as 40, 30, 30 by default, after no lag', () => {
    expect(windows({})).toEqual({ lag: 0, total: 30_000, streams: 12_000, tasks: 9_000 })
  })

  it('lag 5 s inside Kubernetes, the total apart', () => {
    expect(windows({ KUBERNETES_SERVICE_HOST: '10.0.0.1' })).toMatchObject({ lag: 5_000, total: 30_000 })
  })

  it('grow with the total', () => {
    expect(windows({ ATP_SHUTDOWN_TOTAL: '300s' })).toMatchObject({ streams: 120_000, tasks: 90_000 })
  })

  it('leave half of what the streams leave to the tasks', () => {
    expect(windows({ ATP_SHUTDOWN_TOTAL: '300s', ATP_SHUTDOWN_STREAMS: '280s' })).toMatchObject({
      streams: 280_000,
      tasks: 10_000,
    })
  })

  it('are taken as they are given', () => {
    expect(windows({ ATP_SHUTDOWN_STREAMS: '5s', ATP_SHUTDOWN_TASKS: '250ms' })).toMatchObject({
      streams: 5_000,
      tasks: 250,
    })
  })

  it.each([
    [{ ATP_SHUTDOWN_STREAMS: '30s' }, 'shutdown.streams', '"30s"'],
    [{ ATP_SHUTDOWN_STREAMS: '20s', ATP_SHUTDOWN_TASKS: '10s' }, 'shutdown.tasks', '"10s"'],
    [{ ATP_SHUTDOWN_TOTAL: '1s', ATP_SHUTDOWN_TASKS: '2s' }, 'shutdown.tasks', '"2s"'],
  ])('that leave the components no time are refused: %j', (env, field, found) => {
    const allowed = expect.stringContaining('shutdown.total')
    expect(() => load(env)).toThrow(
      expect.objectContaining({
        problems: [expect.objectContaining({ field, found: expect.stringContaining(found), allowed })],
      }),
    )
  })
})
