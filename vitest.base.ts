/** The one vitest configuration: tests read the workspace's sources, and each project leaves a JSON report that `verify` adds up. */
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

export function projectTests(root: string) {
  return defineConfig({
    root,
    resolve: { conditions: ['@atp/source', 'node'] },
    ssr: { resolve: { conditions: ['@atp/source', 'node'] } },
    test: {
      include: ['test/**/*.test.ts'],
      passWithNoTests: true,
      // Most of them wait for processes: two at a time, also where there are two cores.
      maxWorkers: Math.max(2, availableParallelism() - 1),
      // V8's cache of WebAssembly wrappers, shared by threads, has a race that ends the process; Node strips types in WebAssembly, in each
      // thread. Wrappers that are never compiled are never freed.
      execArgv: ['--wasm-wrapper-tiering-budget=2147483647'],
      // Nx asks for colours; what a test starts and reads must be the same with and without Nx.
      env: { FORCE_COLOR: '0' },
      testTimeout: 60_000,
      hookTimeout: 60_000,
      // Conditions come true when they do: a loaded machine needs more than the second that is vitest's own.
      expect: { poll: { timeout: 30_000 } },
      reporters: ['default', 'json'],
      outputFile: { json: join(root, 'reports/vitest.json') },
    },
  })
}
