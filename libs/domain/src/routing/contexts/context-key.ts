/** Whose taste it is: a tenant's, and within it a task's. */
import { DEFAULT_TENANT } from '../../tenant/tenant.ts'

export interface ContextKey {
  readonly tenant: string
  /** Null where the request names none. */
  readonly task: string | null
}

/** The built-in tenant without a task has no context: it decides by what all taught, which is the parent of every context. */
export function isRoot({ tenant, task }: ContextKey): boolean {
  return task === null && tenant === DEFAULT_TENANT
}

/** One string a key: neither a tenant nor a task has a line break. */
export function nameOf({ tenant, task }: ContextKey): string {
  return task === null ? tenant : `${tenant}\n${task}`
}
