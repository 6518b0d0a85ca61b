/** A tenant store at the other end of something: each call of it as plain data, and the store that makes them. */
import type { TenantStore } from '@atp/domain/tenant'

export type TenantCall = {
  [Name in keyof TenantStore]: { readonly name: Name; readonly input: Parameters<TenantStore[Name]>[0] }
}[keyof TenantStore]

/** @param send makes the call at the other end and resolves with its result */
export function storeBehind(send: (call: TenantCall) => Promise<unknown>): TenantStore {
  const method =
    <Name extends keyof TenantStore>(name: Name) =>
    (input: Parameters<TenantStore[Name]>[0]) =>
      send({ name, input } as TenantCall) as ReturnType<TenantStore[Name]>
  return {
    changedAfter: method('changedAfter'),
    commit: method('commit'),
    tenant: method('tenant'),
    tenants: method('tenants'),
    key: method('key'),
    keys: method('keys'),
    used: method('used'),
    audit: method('audit'),
    usage: method('usage'),
  }
}

export function answer(store: TenantStore, { name, input }: TenantCall): Promise<unknown> {
  return (store[name] as (argument: unknown) => Promise<unknown>).call(store, input)
}
