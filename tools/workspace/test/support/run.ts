/** Runs the workspace's tools as a developer would: from its root, with its own Node, without what an outer Nx left in the environment. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../../../..')

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { cwd = ROOT, env = {} } = options
  return new Promise((resolve, reject) => {
    const settings = { cwd, env: { ...developerEnv(), ...env }, maxBuffer: 64 * 1024 * 1024 }
    execFile(command, [...args], settings, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') reject(error)
      else resolve({ code: Number(error?.code ?? 0), stdout, stderr })
    })
  })
}

/** @throws {Error} with the command's output when it fails */
export async function output(
  command: string,
  args: readonly string[],
  options?: RunOptions,
): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, options)
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`)
  return stdout
}

export function developerEnv(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(NX_|VITEST|NODE_OPTIONS|NODE_ENV|npm_)/.test(name),
  )
  const path = `${join(ROOT, 'node_modules/.bin')}:${process.env.PATH}`
  return { ...Object.fromEntries(kept), PATH: path, NX_DAEMON: 'false', NX_TUI: 'false', NO_COLOR: '1' }
}
