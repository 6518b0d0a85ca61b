/** The latest write of each tenant that this process was told of: a server that knows only older ones was rolled back. */
export class LatestWrites {
  readonly #byTenant = new Map<string, number>()

  /** 0 where nothing is known. */
  of(tenant: string): number {
    return this.#byTenant.get(tenant) ?? 0
  }

  saw(tenant: string, latestUs: number): void {
    if (latestUs <= this.of(tenant)) return
    // Taken out first, so that the order is that of use.
    this.#byTenant.delete(tenant)
    this.#byTenant.set(tenant, latestUs)
    if (this.#byTenant.size > TENANTS_MAX) this.#forgetOldest()
  }

  #forgetOldest(): void {
    for (const tenant of this.#byTenant.keys()) {
      this.#byTenant.delete(tenant)
      return
    }
  }
}

const TENANTS_MAX = 100_000
