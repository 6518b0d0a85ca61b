/** One observation that a learner cannot digest must stop neither the commits behind it nor a start. */
import type { Observation } from './observation.ts'
import type { Learner, LearningContext } from './ports.ts'

/** Told to the log: what went wrong, and what became of it. */
export type Warn = (message: string) => void

/** @returns false where the learner refused the observation, with a warning */
export function learnFrom(
  learner: Learner,
  observation: Observation,
  context: LearningContext,
  warn: Warn,
  sequence?: number,
): boolean {
  try {
    learner.apply(observation, context, sequence)
    return true
  } catch (error) {
    warn(`nothing was learned from observation ${observation.id} of arm ${observation.arm}: ${error}`)
    return false
  }
}
