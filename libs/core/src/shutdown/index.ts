/** The stop: what it waits for, in which order, for how long. */
export { OpenWork, type WorkControls } from './open-work.ts'
