/** `atp usage`. */
import { systemClock } from '@atp/core/clock'
import { textTable } from '../../text-table.ts'
import { type AdminOptions, administer } from './administer.ts'

interface Row {
  readonly day: string
  readonly tenant: string
  readonly key: string | null
  readonly model: string
  readonly calls: number
  readonly input_tokens: number
  readonly output_tokens: number
  readonly cost_usd: number
}

type Figures = Pick<Row, 'calls' | 'input_tokens' | 'output_tokens' | 'cost_usd'>

interface UsageOptions extends AdminOptions {
  readonly from?: string
  readonly to?: string
  readonly tenant?: string
}

export function showUsage({ from, to, tenant, ...options }: UsageOptions): Promise<void> {
  return administer(options, async client => {
    const query = { from, to: to ?? (from === undefined ? undefined : today()), tenant }
    const { body } = await client.call<{ data: Row[] }>('GET', '/usage', { query })
    const head = ['day', 'tenant', 'key', 'model', 'calls', 'input tokens', 'output tokens', 'cost $']
    const rows = body.data.map(row => [
      ...[row.day, row.tenant, row.key ?? '-', row.model],
      ...figuresOf(row),
    ])
    const all = ['all', '', '', '', ...figuresOf(body.data.reduce(added, NOTHING))]
    return { json: body.data, text: textTable(head, [...rows, all], 4) }
  })
}

/** UTC, as the gateway counts. */
function today(): string {
  return new Date(systemClock.now()).toISOString().slice(0, 10)
}

const NOTHING: Figures = { calls: 0, input_tokens: 0, output_tokens: 0, cost_usd: 0 }

function added(sum: Figures, row: Figures): Figures {
  return {
    calls: sum.calls + row.calls,
    input_tokens: sum.input_tokens + row.input_tokens,
    output_tokens: sum.output_tokens + row.output_tokens,
    cost_usd: sum.cost_usd + row.cost_usd,
  }
}

function figuresOf({ calls, input_tokens, output_tokens, cost_usd }: Figures): string[] {
  return [`${calls}`, `${input_tokens}`, `${output_tokens}`, cost_usd.toFixed(6)]
}
