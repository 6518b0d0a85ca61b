/** What Nx knows of the workspace. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { output } from './run.ts'

export interface ProjectGraph {
  readonly nodes: Readonly<Record<string, ProjectNode>>
  readonly dependencies: Readonly<Record<string, readonly { readonly target: string }[]>>
}

interface ProjectNode {
  readonly data: { readonly root: string; readonly targets: Readonly<Record<string, unknown>> }
}

export async function projectGraph(): Promise<ProjectGraph> {
  const directory = await mkdtemp(join(tmpdir(), 'atp-graph-'))
  try {
    const file = join(directory, 'graph.json')
    await output('nx', ['graph', `--file=${file}`])
    return JSON.parse(await readFile(file, 'utf8')).graph as ProjectGraph
  } finally {
    await rm(directory, { recursive: true })
  }
}

/** The projects that a change of these files affects. */
export async function affectedBy(...files: readonly string[]): Promise<readonly string[]> {
  return JSON.parse(
    await output('nx', ['show', 'projects', '--affected', `--files=${files.join(',')}`, '--json']),
  )
}
