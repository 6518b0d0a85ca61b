/** What routing must not do, whatever it believes: explore beyond a tenant's share, or give a canary more than its own. */
import type { ArmId, TenantId } from '@atp/core/ids'
import type { Arm } from '../arm.ts'
import type { Plan } from '../decision.ts'
import { ShareCap } from './share-cap.ts'

export class Rails {
  readonly #explorationCap: number
  readonly #exploring = new Map<TenantId, ShareCap>()
  readonly #canaries = new Map<ArmId, ShareCap>()

  /** @param explorationCap share of a tenant's requests that may go to another arm than the best by expectation; 1 caps nothing */
  constructor(explorationCap: number) {
    this.#explorationCap = explorationCap
  }

  mayExplore(tenant: TenantId): boolean {
    return this.#explorationCap >= 1 || this.#capOf(tenant).allows
  }

  /** False for a canary that has had its share. */
  mayServe(arm: Arm): boolean {
    if (arm.canaryShare === undefined) return true
    const known = this.#canaries.get(arm.id)
    if (known !== undefined) return known.allows
    this.#canaries.set(arm.id, new ShareCap(arm.canaryShare))
    return false
  }

  /** A plan is followed: what it takes of the shares is taken. Where the client named the model there is nothing to take. */
  follow({ pinned, explores, candidates }: Plan, tenant: TenantId): void {
    if (pinned) return
    if (this.#explorationCap < 1) this.#capOf(tenant).count(explores)
    for (const [arm, cap] of this.#canaries) cap.count(candidates[0]?.arm === arm)
  }

  #capOf(tenant: TenantId): ShareCap {
    const known = this.#exploring.get(tenant)
    if (known !== undefined) return known
    const cap = new ShareCap(this.#explorationCap)
    this.#exploring.set(tenant, cap)
    return cap
  }
}
