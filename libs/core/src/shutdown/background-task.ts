/** Work that nobody waits for, but a stop. */
import { AtpError } from '../errors.ts'
import type { OpenWork } from './open-work.ts'

/**
 * Runs a task as part of the open work: a stop waits for it a while, then fires its signal, and then goes on without it.
 * @param name for the log, should it be late
 * @returns what the task returns, or throws
 */
export async function runInBackground<Result>(
  tasks: Pick<OpenWork, 'track'>,
  name: string,
  task: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const late = new AbortController()
  const done = tasks.track(name, {
    end: reason => late.abort(new AtpError('shutting_down', { detail: reason })),
    // Nothing holds it: the process ends, and the task with it.
    cut: () => {},
  })
  try {
    return await task(late.signal)
  } finally {
    done()
  }
}
