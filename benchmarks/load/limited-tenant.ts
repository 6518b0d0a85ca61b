/** The tenant of the bench that has limits: none of them refuses, each of them is decided. */

/** Generous, so that what is measured is the decision. */
const LIMITS = [
  { id: 'rpm', scope: 'tenant', counts: 'requests', per: '1m', amount: 1e9 },
  { id: 'tpm', scope: 'tenant', counts: 'tokens', per: '1m', amount: 1e12 },
  { id: 'daily', scope: 'tenant', counts: 'cost_usd', per: 'day', amount: 1e6 },
]

/** Makes it, and a data key of it. @throws {Error} with what the gateway answered where it doesn't */
export async function limitedKey(url: string, adminKey: string): Promise<string> {
  const make = async (what: string, body: object) => {
    const headers = { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' }
    const response = await fetch(`${url}/admin/v1/${what}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    })
    const text = await response.text()
    if (response.status !== 201) throw new Error(`the tenant of the bench was not made: ${text}`)
    return JSON.parse(text) as { readonly key?: string }
  }
  await make('tenants', { id: 'bench', name: 'Bench', limits: LIMITS })
  const { key } = await make('keys', { tenant: 'bench', scope: 'data', name: 'bench' })
  return key as string
}
