/** What the projects' tests left behind, added up. A project without a report has failed, whatever its process said. */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/**
 * @typedef {{ name: string, root: string }} Project
 * @typedef {{ passed: number, failed: number, skipped: number, failures: string[] }} Result
 */

const READERS = { 'vitest.json': vitestResult, 'cargo.json': cargoResult }

/** So that a project that crashes can't count with its last run. @param {readonly Project[]} projects */
export function removeReports(projects) {
  for (const { root } of projects) {
    for (const file of Object.keys(READERS)) rmSync(join(root, 'reports', file), { force: true })
  }
}

/** @param {readonly Project[]} projects @returns {Result} */
export function addReports(projects) {
  const results = projects.map(projectResult)
  return {
    passed: sum(results.map(result => result.passed)),
    failed: sum(results.map(result => result.failed)),
    skipped: sum(results.map(result => result.skipped)),
    failures: results.flatMap(result => result.failures),
  }
}

/** "12 passed, 0 failed, 1 skipped": skipped ones are told only where there are any. @param {Result} result */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

function projectResult({ name, root }) {
  for (const [file, read] of Object.entries(READERS)) {
    const path = join(root, 'reports', file)
    if (existsSync(path)) return readSafely(name, path, read)
  }
  return failure(`${name}: its tests left no report`)
}

function readSafely(name, path, read) {
  try {
    return read(name, JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    return failure(`${name}: ${path} can't be read`)
  }
}

/** A file that can't be loaded has no tests in the report, and an error outside any test none either: each counts as one failure. */
function vitestResult(name, report) {
  const tests = report.testResults.flatMap(file => file.assertionResults)
  const broken = report.testResults.filter(
    file => file.status === 'failed' && file.assertionResults.length === 0,
  )
  const failures = [
    ...tests
      .filter(test => test.status === 'failed')
      .map(test => `${name}: ${test.fullName}: ${firstLine(test.failureMessages?.[0])}`),
    ...broken.map(file => `${name}: ${file.name} can't be run: ${firstLine(file.message)}`),
  ]
  if (failures.length === 0 && !report.success) failures.push(`${name}: an error outside of any test`)
  const passed = tests.filter(test => test.status === 'passed').length
  const failedTests = tests.filter(test => test.status === 'failed').length
  return { passed, failed: failures.length, skipped: tests.length - passed - failedTests, failures }
}

function firstLine(message = 'no message') {
  return String(message).split('\n')[0]
}

function cargoResult(name, { passed, failed, skipped }) {
  const failures = failed > 0 ? [`${name}: ${failed} of cargo's tests, named above`] : []
  return { passed, failed, skipped, failures }
}

function failure(message) {
  return { passed: 0, failed: 1, skipped: 0, failures: [message] }
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0)
}
