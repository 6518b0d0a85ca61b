/** What has been built once isn't built again, the Rust addon included. */
import { expect, test } from 'vitest'
import { output } from './support/run.ts'

test('a second build takes every task from the cache', async () => {
  await build()
  const second = await build()
  const [, hits, tasks] =
    /read the output from the cache[^.]* for (\d+) out of (\d+) tasks/.exec(second) ?? []
  expect(second).toContain('atp-napi:build')
  expect(hits, second).toBe(tasks)
  expect(Number(tasks)).toBeGreaterThanOrEqual(6)
}, 600_000)

function build(): Promise<string> {
  return output('nx', ['run-many', '-t', 'build', '--outputStyle=static'])
}
