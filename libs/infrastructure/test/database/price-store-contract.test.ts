import type { ArmId } from '@atp/core/ids'
import { Secret } from '@atp/core/secret'
import { epochMs } from '@atp/core/units'
import type { DatedPrice, PriceStore } from '@atp/domain/pricing'
import type { AuditEntry, TenantStore } from '@atp/domain/tenant'
import { postgresForTests } from '@atp/test-services'
import fc from 'fast-check'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { PostgresTenants } from '../../src/database/index.ts'
import { openJournal } from './stores.ts'

interface Opened {
  readonly prices: PriceStore
  readonly tenants: TenantStore
}

const server = await postgresForTests()
afterAll(async () => {
  if (server.missing === null) await server.stop()
})

async function openPostgres(): Promise<Opened> {
  if (server.missing !== null) throw new Error(server.missing)
  const opened = new PostgresTenants(new Secret(await server.createDatabase()))
  onTestFinished(() => opened.close())
  return { prices: opened.prices, tenants: opened.store }
}

async function openSqlite(): Promise<Opened> {
  const { journal } = await openJournal()
  return { prices: journal.prices, tenants: journal.tenants }
}

function priceOf(id: string, differs: Partial<DatedPrice> = {}): DatedPrice {
  return {
    id,
    arm: 'up/small' as ArmId,
    validFrom: epochMs(1_900_000_000_000),
    price: { inputUsdPerMtok: 0.05, outputUsdPerMtok: 0.4 },
    createdAt: epochMs(1_800_000_000_000),
    withdrawnAt: null,
    ...differs,
  }
}

function auditOf(id: string): AuditEntry {
  const subject = 'prices/up/small'
  return { id, at: epochMs(1), actor: 'admin', action: 'price.set', subject, before: null, after: { id } }
}

const change = (revision: number, price: DatedPrice, line = `${price.id} at ${revision}`) => ({
  revision,
  price,
  audit: auditOf(line),
})

describe.each([
  { name: 'SQLite', missing: null, open: openSqlite },
  { name: 'Postgres', missing: server.missing, open: openPostgres },
])('prices on $name', ({ missing, open }) => {
  describe.skipIf(missing !== null)(missing === null ? 'are' : `(skipped: ${missing})`, () => {
    it('given back as they were set, with their line in the log', async () => {
      const { prices, tenants } = await open()
      expect(await prices.changedAfter(0)).toEqual({ revision: 0, prices: [] })
      const price = priceOf('a')
      expect(await prices.commit(change(0, price))).toBe(true)
      expect(await prices.changedAfter(0)).toEqual({ revision: 1, prices: [price] })
      expect(await prices.changedAfter(1)).toEqual({ revision: 1, prices: [] })
      const log = await tenants.audit({ subject: 'prices/up/small', before: null, limit: 9 })
      expect(log).toMatchObject([{ id: 'a at 0', after: { id: 'a at 0' } }])
    })

    it('withdrawn for those who look for changes, and changed in nothing else', async () => {
      const { prices } = await open()
      await prices.commit(change(0, priceOf('a')))
      const withdrawnAt = epochMs(1_800_000_001_000)
      const edited = priceOf('a', { withdrawnAt, price: { inputUsdPerMtok: 9, outputUsdPerMtok: 9 } })
      expect(await prices.commit(change(1, edited))).toBe(true)
      expect(await prices.changedAfter(1)).toEqual({ revision: 2, prices: [priceOf('a', { withdrawnAt })] })
    })

    it('set by one alone of those who decided by the same revision, and nothing is written by the others', async () => {
      const { prices, tenants } = await open()
      const committed = await Promise.all(['a', 'b', 'c'].map(id => prices.commit(change(0, priceOf(id)))))
      expect(committed.filter(Boolean)).toHaveLength(1)
      expect(await prices.changedAfter(0)).toMatchObject({ revision: 1, prices: [{}] })
      expect(await tenants.audit({ subject: null, before: null, limit: 9 })).toHaveLength(1)
    })

    it('exact, whatever they are', async () => {
      const { prices } = await open()
      const usd = fc.integer({ min: 0, max: 1_000_000_000_000 }).map(micro => micro / 1_000_000)
      let made = 0
      await fc.assert(
        fc.asyncProperty(usd, usd, async (inputUsdPerMtok, outputUsdPerMtok) => {
          const price = priceOf(`p${made}`, { price: { inputUsdPerMtok, outputUsdPerMtok } })
          await prices.commit(change(made, price))
          expect((await prices.changedAfter(made)).prices).toEqual([price])
          made += 1
        }),
        { numRuns: 50 },
      )
    })
  })
})
