import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { builtInCatalogue } from '@atp/core/catalogue'
import { afterAll, describe, expect, it } from 'vitest'
import { GatewayProcess, runAtp } from '../support/gateway-process.ts'
import { post } from '../support/post.ts'
import { completionOf, ScriptedUpstream } from '../support/scripted-upstream.ts'

const directory = mkdtempSync(join(tmpdir(), 'atp-catalogue-e2e-'))
afterAll(() => rmSync(directory, { recursive: true }))

const LITELLM = join(directory, 'litellm.json')
const OWN = join(directory, 'own.json')

/** Documented, not recorded: rows as LiteLLM writes them. */
writeFileSync(
  LITELLM,
  JSON.stringify({
    sample_spec: { mode: 'one of: chat, embedding' },
    'groq/new-model': {
      ...{ litellm_provider: 'groq', mode: 'chat', source: 'https://groq.com/pricing' },
      ...{ input_cost_per_token: 3e-7, output_cost_per_token: 1.5e-6, max_input_tokens: 64_000 },
      supports_function_calling: true,
    },
    'groq/whisper': { litellm_provider: 'groq', mode: 'audio_transcription' },
    'groq/unpriced': { litellm_provider: 'groq', mode: 'chat', output_cost_per_token: 1e-6 },
  }),
)

const PRICE = builtInCatalogue().data.models.find(({ model }) => model === 'openai/gpt-oss-20b')

function configOf(base_url: string, models: readonly object[]) {
  return {
    catalogue: [OWN],
    adapters: [{ id: 'groq', preset: 'groq', base_url, needs_key: false, models }],
  }
}

describe('the catalogue', () => {
  it('is imported, listed, laid over the built-in one, and what requests are billed by', async () => {
    const imported = await runAtp(['catalogue', 'import', LITELLM, '--out', OWN, '--date', '2026-12-01'])
    expect(imported).toMatchObject({ code: 0, stdout: `1 models of 2026-12-01 in ${OWN}\n` })
    expect(imported.output).toContain('left out 1: mode audio_transcription')
    expect(imported.output).toContain('groq/unpriced.input_cost_per_token')
    expect(JSON.parse(readFileSync(OWN, 'utf8')).models).toMatchObject([
      { provider: 'groq', model: 'new-model', input_usd_per_mtok: 0.3, output_usd_per_mtok: 1.5 },
    ])

    const listed = await runAtp(['catalogue', 'list', '--provider', 'groq', '--file', OWN])
    expect(listed.stdout).toMatch(/groq +new-model +0\.3 +1\.5 .*2026-12-01 +tools streaming/)
    expect(listed.stdout).toMatch(/groq +openai\/gpt-oss-20b/)

    await using upstream = await ScriptedUpstream.start((_, response) => {
      response.setHeader('content-type', 'application/json')
      response.end(
        JSON.stringify(completionOf('a', { prompt_tokens: 1_000_000, completion_tokens: 1_000_000 })),
      )
    })
    const models = [
      { name: 'new-model' },
      { name: 'small', upstream_model: 'openai/gpt-oss-20b', output_usd_per_mtok: 7 },
    ]
    const config = configOf(upstream.url, models)
    const checked = await runAtp(['catalogue', 'check'], { config })
    expect(checked.code).toBe(0)
    const row = (model: string, key: string, value: unknown, from: string) =>
      expect(checked.stdout).toMatch(new RegExp(`${model} +${key} +${value} +${from}`))
    row('groq/new-model', 'input_usd_per_mtok', '0\\.3', 'catalogue of 2026-12-01 in .*own\\.json')
    row('groq/new-model', 'max_output_tokens', 64_000, 'catalogue')
    row('groq/small', 'input_usd_per_mtok', PRICE?.input_usd_per_mtok, 'catalogue of')
    row('groq/small', 'output_usd_per_mtok', 7, 'file')

    await using gateway = await GatewayProcess.start({ config })
    for (const [model, usd] of [
      ['new-model', 0.3 + 1.5],
      ['small', (PRICE?.input_usd_per_mtok ?? 0) + 7],
    ] as const) {
      const { headers } = await post(gateway, '/v1/chat/completions', {
        model,
        messages: [{ role: 'user', content: 'Hi' }],
      })
      expect(Number(headers.get('x-atp-cost-usd'))).toBeCloseTo(usd, 6)
    }
    expect(await gateway.end()).toBe(0)
  })

  it('stops the start for a model that nobody has a price of', async () => {
    const config = { ...configOf('http://127.0.0.1:9/v1', [{ name: 'no-such-model' }]), catalogue: [] }
    const { code, output } = await runAtp(['serve'], { config })
    expect(code).toBe(1)
    expect(output).toContain('adapters[0].models[0].input_usd_per_mtok')
    expect(output).toContain("no catalogue has 'no-such-model' of groq")
  })
})
