/** The stop: what it waits for, in which order, for how long. */
export { runInBackground } from './background-task.ts'
export { OpenWork, type WorkControls } from './open-work.ts'
export {
  Shutdown,
  type ShutdownOptions,
  type ShutdownPhase,
  type ShutdownReport,
  type ShutdownWindows,
  type Unfinished,
} from './shutdown.ts'
