/** Nx's command line, and what its output tells about the progress. */
import { workspaceEnv } from './toolchain.mjs'

/** The command that runs one target of the projects (all of them by default). */
export function nxRunMany(target, { projects, flags = [], env = {} } = {}) {
  const only = projects === undefined ? [] : ['-p', projects.join(',')]
  return {
    command: 'nx',
    args: ['run-many', '-t', target, ...only, '--outputStyle=static', ...flags],
    env: workspaceEnv(env),
  }
}

/** "@atp/core:build" of a line that says that a task ended, otherwise undefined. */
export function endedTask(line) {
  return /nx run (\S+)/.exec(line)?.[1]
}

/** The command that writes the project graph to `file`. */
export function nxGraph(file) {
  return { command: 'nx', args: ['graph', `--file=${file}`], env: workspaceEnv() }
}
