/** `atp prices`. */
import { textTable } from '../../text-table.ts'
import { type AdminOptions, administer } from './administer.ts'

interface Price {
  readonly id: string | null
  readonly model: string
  readonly valid_from: string | null
  readonly valid_until: string | null
  readonly input_usd_per_mtok: number
  readonly output_usd_per_mtok: number
}

interface NewPriceOptions extends AdminOptions {
  readonly input: number
  readonly output: number
  readonly from?: string
}

export function listPrices({
  model,
  at,
  ...options
}: AdminOptions & { readonly model?: string; readonly at?: string }): Promise<void> {
  return administer(options, async client => {
    const { body } = await client.call<{ data: Price[] }>('GET', '/prices', { query: { model, at } })
    return { json: body.data, text: tableOf(body.data) }
  })
}

export function setPrice(model: string, { input, output, from, ...options }: NewPriceOptions): Promise<void> {
  return administer(options, async client => {
    const body = { model, valid_from: from, input_usd_per_mtok: input, output_usd_per_mtok: output }
    const { body: set } = await client.call<Price>('POST', '/prices', { body })
    return { json: set, text: tableOf([set]) }
  })
}

export function withdrawPrice(id: string, options: AdminOptions): Promise<void> {
  return administer(options, async client => {
    await client.call('DELETE', `/prices/${encodeURIComponent(id)}`)
    return { json: { id }, text: `price ${id} is withdrawn` }
  })
}

function tableOf(prices: readonly Price[]): string {
  const head = ['model', 'from', 'until', 'price', 'input $/Mtok', 'output $/Mtok']
  const rows = prices.map(price => [
    ...[price.model, price.valid_from ?? 'ever', price.valid_until ?? '-', price.id ?? 'configuration'],
    ...[`${price.input_usd_per_mtok}`, `${price.output_usd_per_mtok}`],
  ])
  return textTable(head, rows, 4)
}
