import { mergeConfig } from 'vitest/config'
import { projectTests } from '../../vitest.base.ts'

// Some build the workspace, and without its daemon Nx puts `dist` back each time: nothing else may read it meanwhile. For the same reason
// `parallelism` is false for this project.
export default mergeConfig(projectTests(import.meta.dirname), { test: { fileParallelism: false } })
