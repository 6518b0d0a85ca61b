/** The same rows through a running gateway: each prompt asked over HTTP, each answer judged by what was recorded. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ListeningProcess, startListening, stopped } from '../shared/listening-process.ts'
import type { RecordedData } from './data.ts'
import { type Played, playedOf } from './play.ts'
import { EXPECTED_USD } from './policies.ts'
import { startReplayUpstream, USD_PER_MTOK } from './replay-upstream.ts'
import { shuffle } from './shuffle.ts'

const MAIN = fileURLToPath(new URL('../../apps/gateway/src/main.ts', import.meta.url))
const STRATEGY = 'linthompson'

/** One shuffle through a gateway of its own, which starts from nothing. Its models are named by a permutation that the seed gives. */
export async function playThroughGateway(
  data: RecordedData,
  seed: number,
  budgetUsd: number,
): Promise<Played> {
  const { rows } = shuffle(data.rows, data.arms.length, seed)
  const upstream = await startReplayUpstream({ ...data, rows })
  const scratch = mkdtempSync(join(tmpdir(), 'atp-bench-routing-'))
  const gateway = await startGateway(scratch, configOf(upstream.url, data.arms.length, budgetUsd, scratch))
  try {
    const rewards: number[] = []
    const costs: number[] = []
    for (const { prompt } of rows) {
      const answer = await post<Answer>(`${gateway.url}/v1/ask`, { prompt })
      const reward = Number(answer.text)
      await post(`${gateway.url}/v1/observe`, { decision_id: answer.decision_id, quality: reward })
      rewards.push(reward)
      costs.push(answer.cost_usd)
    }
    return playedOf(rewards, costs, budgetUsd)
  } finally {
    await stopped(gateway.child)
    await upstream.close()
    rmSync(scratch, { recursive: true, force: true })
  }
}

interface Answer {
  readonly text: string
  readonly decision_id: string
  readonly cost_usd: number
}

/** Quality alone counts, as in the data; the budget puts a price on money. YAML contains JSON. */
function configOf(upstreamUrl: string, arms: number, budgetUsd: number, scratch: string) {
  const quality = { quality: 1, cost: 0, latency: 0 }
  return {
    server: { port: 0 },
    auth: { enabled: false },
    data: { dir: join(scratch, 'data') },
    log: { level: 'warn' },
    routing: {
      strategy: STRATEGY,
      quality: 'high',
      half_life: 'never',
      budget_usd_per_request: budgetUsd,
      presets: { high: quality },
    },
    adapters: [
      {
        id: 'replay',
        base_url: `${upstreamUrl}/v1`,
        models: Array.from({ length: arms }, (_, arm) => ({
          name: `m${arm}`,
          input_usd_per_mtok: 0,
          output_usd_per_mtok: USD_PER_MTOK,
          max_output_tokens: 1_000_000,
          context_window: 10_000_000,
          expected_output_tokens: (EXPECTED_USD * 1e6) / USD_PER_MTOK,
        })),
      },
    ],
  }
}

function startGateway(scratch: string, config: object): Promise<ListeningProcess> {
  const file = join(scratch, 'atp.yaml')
  writeFileSync(file, JSON.stringify(config))
  return startListening('the gateway', ['--conditions=@atp/source', MAIN, 'serve', '--config', file])
}

async function post<Body>(url: string, body: object): Promise<Body> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`)
  return (await response.json()) as Body
}
