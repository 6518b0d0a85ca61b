/**
 * Ports whose one implementation is in the primary: what workers share where there is no Redis. A worker's calls of one turn travel
 * together, and those of all workers are decided one after the other.
 */
import { InProcessLimiter, type Limiter } from '@atp/domain/limit'
import { InProcessSums, type SharedSums } from '@atp/domain/replication'
import type { NativeModule } from '@atp/native'

export interface SharedPorts {
  readonly limiter: Limiter
  readonly sums: SharedSums
}

export interface PortCall {
  readonly port: keyof SharedPorts
  readonly method: string
  readonly args: readonly unknown[]
}

/** Every method of every port, which the compiler holds to be all of them. */
const METHODS: { readonly [Port in keyof SharedPorts]: Readonly<Record<keyof SharedPorts[Port], true>> } = {
  limiter: {
    admit: true,
    recount: true,
    settle: true,
    release: true,
    renew: true,
    sweep: true,
    epoch: true,
    discard: true,
    invalidate: true,
    rebuild: true,
    forget: true,
  },
  sums: { read: true, add: true, seed: true },
}

/** Contexts whose sums are kept; one that goes is begun anew by whoever uses it. */
const MAX_SUMS = 100_000

/** @param nowUs microseconds since 1970 */
export function ownedPorts(nowUs: () => number, native: NativeModule): SharedPorts {
  return { limiter: new InProcessLimiter({ nowUs, native }), sums: new InProcessSums(MAX_SUMS) }
}

/** Answers a worker's call. @throws {AtpError} what the port throws */
export function servePorts(ports: SharedPorts): (call: PortCall) => Promise<unknown> {
  return async ({ port, method, args }) => {
    if (!Object.hasOwn(METHODS[port] ?? {}, method)) throw new Error(`no port has ${port}.${method}`)
    const implementation = ports[port] as unknown as Readonly<Record<string, (...args: unknown[]) => unknown>>
    return implementation[method]?.(...args)
  }
}

/** The same ports in a worker. @param ask takes a call to the primary */
export function remotePorts(ask: (call: PortCall) => Promise<unknown>): SharedPorts {
  const remote = <Port extends keyof SharedPorts>(port: Port): SharedPorts[Port] => {
    const methods = Object.keys(METHODS[port]).map(method => [
      method,
      (...args: unknown[]) => ask({ port, method, args }),
    ])
    return Object.fromEntries(methods) as SharedPorts[Port]
  }
  return { limiter: remote('limiter'), sums: remote('sums') }
}
