/** How the time of a stop is shared out: 40% for what clients wait for, 30% for what nobody waits for, the rest for the components. */
import type { FieldProblem } from '../errors.ts'
import type { ShutdownWindows } from '../shutdown/index.ts'
import { parseDuration } from './duration.ts'
import type { WrittenConfig } from './schema.ts'

const STREAMS_SHARE = 0.4

export function shutdownWindows({ lag, total, streams, tasks }: WrittenConfig['shutdown']): ShutdownWindows {
  const totalMs = parseDuration(total)
  const streamsMs = streams === undefined ? totalMs * STREAMS_SHARE : parseDuration(streams)
  const tasksMs = tasks === undefined ? Math.max(0, totalMs - streamsMs) / 2 : parseDuration(tasks)
  return { lag: parseDuration(lag), total: totalMs, streams: streamsMs, tasks: tasksMs }
}

/** The journal is among the components: they must have some time. */
export function shutdownProblems({ shutdown }: WrittenConfig): FieldProblem[] {
  const { total, streams, tasks } = shutdownWindows(shutdown)
  if (streams + tasks < total) return []
  const field = streams < total ? 'shutdown.tasks' : 'shutdown.streams'
  const found = JSON.stringify(streams < total ? shutdown.tasks : shutdown.streams)
  const allowed = `less than is left of shutdown.total (${shutdown.total}): the components stop after it`
  return [{ field, found, allowed }]
}
