/** `npm run verify` counts what the tests left behind, and takes silence for failure. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { addReports, closingLine, removeReports } from '../../verify/reports.mjs'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'atp-reports-'))
})

afterEach(() => rm(directory, { recursive: true }))

test('adds up the tests of TypeScript and of Rust', async () => {
  const projects = [
    await project('a', 'vitest.json', vitest([outcome('passed'), outcome('pending'), outcome('passed')])),
    await project('b', 'cargo.json', { passed: 5, failed: 0, skipped: 1 }),
  ]
  expect(closingLine(addReports(projects))).toBe('7 passed, 0 failed, 2 skipped')
})

test('says nothing of skipped tests where there are none', async () => {
  const projects = [await project('a', 'vitest.json', vitest([outcome('passed')]))]
  expect(closingLine(addReports(projects))).toBe('1 passed, 0 failed')
})

test('names each failed test with its project and the first line of why', async () => {
  const projects = [await project('a', 'vitest.json', { ...vitest([outcome('failed')]), success: false })]
  expect(addReports(projects)).toMatchObject({
    failed: 1,
    failures: ['a: routes to the best arm: expected 1 to be 2'],
  })
})

test('a file that cannot be loaded is a failure', async () => {
  const broken = {
    success: false,
    testResults: [{ name: 'x.test.ts', status: 'failed', message: 'no', assertionResults: [] }],
  }
  const projects = [await project('a', 'vitest.json', broken)]
  expect(addReports(projects).failures).toEqual(["a: x.test.ts can't be run: no"])
})

test('an error outside of any test is a failure', async () => {
  const projects = [await project('a', 'vitest.json', { ...vitest([outcome('passed')]), success: false })]
  expect(addReports(projects)).toMatchObject({ passed: 1, failed: 1 })
})

test('a project without a report, or with half of one, is a failure', async () => {
  const cut = await project('b', 'vitest.json', {})
  await writeFile(join(cut.root, 'reports/vitest.json'), '{"testRes')
  const result = addReports([{ name: 'a', root: join(directory, 'a') }, cut])
  expect(result.failed).toBe(2)
  expect(result.failures[0]).toBe('a: its tests left no report')
})

test('the reports of the last run are gone before the next one', async () => {
  const projects = [await project('a', 'vitest.json', vitest([outcome('passed')]))]
  removeReports(projects)
  expect(addReports(projects)).toMatchObject({ passed: 0, failed: 1 })
})

async function project(name: string, file: string, report: object): Promise<{ name: string; root: string }> {
  const root = join(directory, name)
  await mkdir(join(root, 'reports'), { recursive: true })
  await writeFile(join(root, 'reports', file), JSON.stringify(report))
  return { name, root }
}

function outcome(status: string): object {
  return { status, fullName: 'routes to the best arm', failureMessages: ['expected 1 to be 2\n    at here'] }
}

function vitest(assertionResults: readonly object[]): object {
  return { success: true, testResults: [{ name: 'a.test.ts', status: 'passed', assertionResults }] }
}
