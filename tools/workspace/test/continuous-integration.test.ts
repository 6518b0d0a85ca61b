/** What runs on a pull request and before a merge is what CONTRIBUTING.md promises. */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { output, ROOT } from './support/run.ts'

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>
  readonly jobs: Readonly<Record<string, Job>>
}

interface Job {
  readonly if?: string
  readonly strategy?: { readonly matrix: { readonly include: readonly Leg[] } }
  readonly steps: readonly {
    readonly uses?: string
    readonly run?: string
    readonly with?: Readonly<Record<string, unknown>>
  }[]
}

interface Leg {
  readonly node: number
  readonly cargo: boolean
}

const workflow = parse(readFileSync(join(ROOT, '.github/workflows/ci.yml'), 'utf8')) as Workflow
const scripts = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).scripts as Readonly<
  Record<string, string>
>
const gate = readFileSync(join(ROOT, '.ci/run'), 'utf8')

test('.ci/run is an executable script without a syntax error', async () => {
  expect(statSync(join(ROOT, '.ci/run')).mode & 0o111).toBe(0o111)
  expect(await output('bash', ['-n', '.ci/run'])).toBe('')
})

test('.ci/run begins with verify, and calls only scripts that exist', () => {
  const called = [...gate.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name ?? '')
  expect(called[0]).toBe('verify')
  expect(called).toEqual(expect.arrayContaining(['lint', 'typecheck', 'build']))
  expect(called.filter(name => scripts[name] === undefined)).toEqual([])
})

test('a pull request runs what it affects, against its base', () => {
  expect(Object.keys(workflow.on)).toEqual(expect.arrayContaining(['pull_request', 'push']))
  const { affected } = workflow.jobs
  expect(commandsOf(affected)).toContainEqual(
    expect.stringMatching(/nx affected -t lint typecheck build test --base=\S*.*pull_request\.base\.sha/),
  )
  const checkout = affected?.steps.find(step => step.uses?.startsWith('actions/checkout@'))
  expect(checkout?.with?.['fetch-depth']).toBe(0)
})

test('a push to main runs everything, on Node 20 and 24, and once without cargo', () => {
  const { full } = workflow.jobs
  expect(commandsOf(full)).toContain('.ci/run')
  const legs = full?.strategy?.matrix.include ?? []
  expect(new Set(legs.map(leg => leg.node))).toEqual(new Set([20, 24]))
  expect(legs.filter(leg => !leg.cargo)).toHaveLength(1)
})

function commandsOf(job: Job | undefined): readonly string[] {
  return job?.steps.flatMap(step => step.run ?? []) ?? []
}
