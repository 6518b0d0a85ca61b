/** The one vitest configuration: tests read the workspace's sources, and each project leaves a JSON report that `verify` adds up. */
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
      testTimeout: 60_000,
      hookTimeout: 60_000,
      reporters: ['default', 'json'],
      outputFile: { json: join(root, 'reports/vitest.json') },
    },
  })
}
