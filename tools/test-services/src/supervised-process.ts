/**
 * A server that cannot outlive us: a shell watches a pipe that only this process holds. When the pipe closes, in whatever
 * way we ended, `kill -9` included, the shell stops the server and removes its directory.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { User } from './unprivileged-user.ts'

/** `$0` is the directory to remove, the rest is the server's command line. A line on the pipe means: keep the directory. A paused server would not hear that it should end. */
const SUPERVISOR = `
"$@" </dev/null >"$0/server.log" 2>&1 &
server=$!
read -r keep
kill -CONT $server $(cat /proc/$server/task/$server/children 2>/dev/null)
kill -INT $server
wait $server
if [ -z "$keep" ]; then rm -rf "$0"; fi
`

export interface SupervisedOptions {
  readonly directory: string
  readonly command: readonly string[]
  readonly user: User | null
}

export class SupervisedProcess {
  readonly #shell: ChildProcess
  readonly #exited: Promise<unknown>

  constructor({ directory, command, user }: SupervisedOptions) {
    this.#shell = spawn('/bin/sh', ['-c', SUPERVISOR, directory, ...command], {
      stdio: ['pipe', 'ignore', 'ignore'],
      cwd: directory,
      detached: true,
      ...(user ?? {}),
    })
    this.#exited = once(this.#shell, 'exit')
    // Neither the shell nor its pipe keeps the test process alive.
    this.#shell.unref()
    const pipe = this.#shell.stdin as NonNullable<ChildProcess['stdin']> & { unref?(): void }
    pipe.unref?.()
    pipe.on('error', () => undefined)
  }

  /** Resolves when the server is gone. */
  async end(options: { readonly keepDirectory: boolean }): Promise<void> {
    this.#shell.ref()
    this.#shell.stdin?.end(options.keepDirectory ? 'keep\n' : undefined)
    await this.#exited
  }
}
