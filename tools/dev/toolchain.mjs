/** Where the workspace's own tools are. After the install everything runs on the Node that the lock file names, whatever the machine has. */
import { existsSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

const BIN = join(ROOT, 'node_modules/.bin')

/** The workspace's Node; the one that runs this where the package's install script was forbidden. */
export function workspaceNode() {
  const installed = join(BIN, process.platform === 'win32' ? 'node.cmd' : 'node')
  if (existsSync(installed)) return installed
  const major = Number(process.versions.node.split('.')[0])
  if (major >= 24) return process.execPath
  throw new Error(
    `Node 24 is needed, found ${process.versions.node}: the npm package "node" brings it, but its install script did not run (is "ignore-scripts" set?)`,
  )
}

/** The environment of the workspace's tools: theirs come first in PATH, and Nx draws nothing and leaves nothing running. */
export function workspaceEnv(extra = {}) {
  return {
    ...process.env,
    PATH: [BIN, ...foreignPath()].join(delimiter),
    NX_DAEMON: 'false',
    NX_TUI: 'false',
    ...extra,
  }
}

/** The environment of `npm ci`, which replaces node_modules under itself: the machine's own Node runs it. */
export function machineEnv() {
  return { ...process.env, PATH: foreignPath().join(delimiter) }
}

function foreignPath() {
  return (process.env.PATH ?? '').split(delimiter).filter(entry => entry !== BIN)
}
