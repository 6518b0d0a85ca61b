/** Nx's graph is the true one: what it takes for affected decides what continuous integration tests. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { affectedBy, type ProjectGraph, projectGraph } from './support/project-graph.ts'
import { output, ROOT, run } from './support/run.ts'

let graph: ProjectGraph

beforeAll(async () => {
  graph = await projectGraph()
})

test('every package and every crate is a project', () => {
  const manifests = globSync(
    '{apps,libs,tools,benchmarks,crates}/{package.json,Cargo.toml,*/package.json,*/Cargo.toml}',
    { cwd: ROOT },
  )
  const folders = manifests.map(file => file.slice(0, file.lastIndexOf('/'))).toSorted()
  const roots = Object.values(graph.nodes).map(node => node.data.root)
  expect(roots.toSorted()).toEqual(folders)
})

test('dependencies point one way: native and core, domain, infrastructure, gateway', () => {
  const layers = ['@atp/native', '@atp/core', '@atp/domain', '@atp/infrastructure', '@atp/gateway']
  const edges = layers.map(layer => [
    layer,
    dependenciesOf(layer)
      .filter(name => layers.includes(name))
      .toSorted(),
  ])
  expect(Object.fromEntries(edges)).toEqual({
    '@atp/native': [],
    '@atp/core': [],
    '@atp/domain': ['@atp/core', '@atp/native'],
    '@atp/infrastructure': ['@atp/core', '@atp/domain'],
    '@atp/gateway': ['@atp/core', '@atp/domain', '@atp/infrastructure', '@atp/native'],
  })
})

test('a change of the Rust maths affects native and the gateway, and not core', async () => {
  const affected = await affectedBy('crates/atp-math/src/lib.rs')
  expect(affected).toEqual(
    expect.arrayContaining(['atp-math', 'atp-napi', '@atp/native', '@atp/domain', '@atp/gateway']),
  )
  expect(affected).not.toContain('@atp/core')
})

test('a change of the gateway affects no library', async () => {
  const affected = await affectedBy('apps/gateway/src/main.ts')
  expect(affected.filter(name => /core|domain|infrastructure|native|atp-/.test(name))).toEqual([])
})

test("the crates' dependencies are those that cargo knows", async context => {
  const cargo = await run('cargo', ['--version']).catch(() => undefined)
  if (cargo?.code !== 0) return context.skip('cargo is not installed')
  const metadata: CargoMetadata = JSON.parse(
    await output('cargo', ['metadata', '--no-deps', '--offline', '--format-version=1']),
  )
  const known = Object.fromEntries(
    metadata.packages.map(crate => [
      crate.name,
      crate.dependencies
        .filter(dependency => dependency.path !== undefined && dependency.path !== null)
        .map(dependency => dependency.name)
        .toSorted(),
    ]),
  )
  const declared = Object.keys(known).map(name => [name, declaredDependencies(name)])
  expect(Object.fromEntries(declared)).toEqual(known)
})

interface CargoMetadata {
  readonly packages: readonly {
    readonly name: string
    readonly dependencies: readonly { readonly name: string; readonly path?: string | null }[]
  }[]
}

function dependenciesOf(name: string): readonly string[] {
  return (graph.dependencies[name] ?? []).map(dependency => dependency.target)
}

function declaredDependencies(crate: string): readonly string[] {
  const file = join(ROOT, graph.nodes[crate]?.data.root ?? '', 'project.json')
  const { implicitDependencies = [] } = JSON.parse(readFileSync(file, 'utf8')) as {
    implicitDependencies?: string[]
  }
  return implicitDependencies.toSorted()
}

test('a change of the README affects the gateway, whose tests run what it claims', async () => {
  const affected = await affectedBy('README.md')
  expect(affected).toContain('@atp/gateway')
  expect(affected).not.toContain('@atp/core')
})
