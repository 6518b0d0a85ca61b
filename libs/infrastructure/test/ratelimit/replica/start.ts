/** Starts replicas as processes of their own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Orders } from './run.ts'

export interface Told {
  readonly admitted: number
  readonly denied: number
  readonly spent: number
  readonly dearest: number
}

export interface Replica {
  readonly child: ChildProcess
  /** What it did. */
  readonly told: Promise<Told>
}

const SCRIPT = fileURLToPath(new URL('run.ts', import.meta.url))

export function startReplica(orders: Orders): Replica {
  const args = ['--conditions=@atp/source', SCRIPT, JSON.stringify(orders)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const told = new Promise<Told>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', line => resolve(JSON.parse(line)))
    child.once('exit', code => reject(new Error(`the replica ended with ${code}`)))
  })
  return { child, told }
}
