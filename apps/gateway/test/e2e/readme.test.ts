/** What the README tells people to paste is pasted here. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call } from '../support/keyed-gateway.ts'
import { SimulatedSetup } from '../support/simulated.ts'

const run = promisify(execFile)
const PROJECT = join(import.meta.dirname, '../..')
const README = readFileSync(join(PROJECT, '../../README.md'), 'utf8')
const URL_IN_README = 'http://127.0.0.1:8080'

const DATA_DIR = mkdtempSync(join(tmpdir(), 'atp-readme-'))
const keyIn = (name: string) => readFileSync(join(DATA_DIR, name), 'utf8').trim()

let setup: SimulatedSetup

beforeAll(async () => {
  setup = await SimulatedSetup.start({ auth: 'dev', dataDir: DATA_DIR })
})

afterAll(async () => {
  await setup[Symbol.asyncDispose]()
  rmSync(DATA_DIR, { recursive: true })
})

function block(language: string, marker: string): string {
  const blocks = [...README.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))]
  const found = blocks.map(([, code]) => code as string).find(code => code.includes(marker))
  if (found === undefined) throw new Error(`the README has no ${language} block with ${marker}`)
  return found
    .replaceAll(URL_IN_README, setup.gateway.url)
    .replaceAll('data/dev-key', join(DATA_DIR, 'dev-key'))
    .replaceAll("apiKey: 'atp_...'", `apiKey: '${keyIn('dev-key')}'`)
    .replaceAll('Bearer atp_...', `Bearer ${keyIn('admin-key')}`)
}

async function paste(script: string): Promise<string> {
  const { stdout } = await run('bash', ['-ec', script], { cwd: PROJECT })
  return stdout
}

/** Runs the code as a module of this project, so that its imports are found. */
async function runModule(code: string): Promise<string> {
  const file = join(PROJECT, `readme-block-${process.pid}.mjs`)
  writeFileSync(file, code)
  try {
    const { stdout } = await run(process.execPath, ['--conditions=@atp/source', file], { cwd: PROJECT })
    return stdout
  } finally {
    rmSync(file)
  }
}

/** Another key of the tenant that the README made. */
async function madeKey(): Promise<string> {
  const body = { tenant: 'acme', scope: 'data', name: 'a test' }
  const made = await call<{ key: string }>(setup.gateway, 'POST /admin/v1/keys', {
    key: keyIn('admin-key'),
    body,
  })
  return made.body.key
}

describe('the README', () => {
  it('has a curl line that is answered', async () => {
    const answer = JSON.parse(
      await paste(`curl -s ${block('sh', '/v1/chat/completions').slice('curl '.length)}`),
    ) as {
      choices: { message: { content: string } }[]
    }
    expect(answer.choices[0]?.message.content).toContain('simulated')
  })

  it('has an openai snippet that is answered', async () => {
    const code = block('js', "from 'openai'")
    expect(await runModule(`${code}\nconsole.log(answer.choices[0].message.content)`)).toContain('simulated')
  })

  it('has an Anthropic snippet that is answered', async () => {
    const code = block('js', "from '@anthropic-ai/sdk'")
    expect(await runModule(`${code}\nconsole.log(message.content[0].text)`)).toContain('simulated')
  })

  it('has a WebSocket snippet that prints an answer as it is written', async () => {
    const code = block('js', "from 'ws'")
      .replace('ws://127.0.0.1:8080', setup.gateway.url.replace('http', 'ws'))
      .replace(keyIn('admin-key'), keyIn('dev-key'))
    expect(await runModule(code)).toContain('simulated')
  })

  it('has a feedback line that is accepted', async () => {
    const asked = await call<{ decision_id: string }>(setup.gateway, 'POST /v1/ask', {
      key: keyIn('dev-key'),
      body: { prompt: 'Hello?' },
    })
    const line = block('sh', '/v1/observe').replace('"..."', `"${asked.body.decision_id}"`)
    expect(JSON.parse(await paste(`curl -s ${line.slice('curl '.length)}`))).toMatchObject({
      status: 'accepted',
    })
  })

  it('has lines that make a tenant and a key of it', async () => {
    const lines = block('sh', '/admin/v1/tenants').replaceAll('curl ', 'curl -s ')
    const [tenant, key] = (await paste(lines)).trim().split('\n')
    expect(JSON.parse(tenant ?? '')).toMatchObject({ id: 'acme', version: 1 })
    const { key: text } = JSON.parse(key ?? '') as { key: string }
    expect((await call(setup.gateway, 'GET /v1/models', { key: text })).status).toBe(200)
  })

  it('has a line that holds that tenant to limits, which its answers tell of', async () => {
    const line = block('sh', '-X PATCH').replace('curl ', 'curl -s ')
    expect(JSON.parse(await paste(line))).toMatchObject({
      id: 'acme',
      version: 2,
      limits: [{ id: 'rpm' }, {}, {}],
    })
    const key = await madeKey()
    const { status, headers } = await call(setup.gateway, 'POST /v1/ask', { key, body: { prompt: 'Hello?' } })
    expect(status).toBe(200)
    expect(headers.get('x-ratelimit-limit-requests')).toBe('600')
    expect(headers.get('ratelimit-policy')).toContain('"tenant/daily";q=25000000;qu="micro-usd"')
  })

  it('has commands for administrators that are answered', async () => {
    const atp = `${process.execPath} --conditions=@atp/source src/main.ts`
    const script = block('sh', 'npx atp tenants')
      .replace('atp_...', keyIn('admin-key'))
      .replaceAll(/npx atp (.+)/g, `${atp} $1 --url ${setup.gateway.url}`)
    const printed = await paste(script)
    expect(printed).toMatch(/time zone +Europe\/Berlin/)
    expect(printed).toContain('the web shop')
    expect(printed).toMatch(/sim-mini +2099-01-01T00:00:00.000Z +- +\S+ +0\.2 +1\.6/)
    expect(printed).toMatch(/sim-mini +ever +2099-01-01T00:00:00.000Z +configuration/)
    expect(printed).toMatch(/cost \$/)
  })

  it('has a bandit to import that chooses and learns', async () => {
    expect((await runModule(`${block('js', '@atp/native')}\nconsole.log(chosen)`)).trim()).toMatch(/^[01]$/)
  })

  it('has a contextual policy to import that chooses, pays and learns', async () => {
    const code = block('js', 'ContextualPolicy')
    expect((await runModule(`${code}\nconsole.log(arm, expectedUsd > 0)`)).trim()).toMatch(/^[01] true$/)
  })

  it('names a replay that judges another policy', async () => {
    const code = `
      import { evaluateOffPolicy, thompsonPropensities } from '@atp/domain/replay'
      const drawn = [[9, 3], [4, 4]].map(([alpha, beta]) => ({ posterior: { alpha, beta }, weight: 1, penalty: 0 }))
      const logged = thompsonPropensities(drawn)
      const log = Array.from({ length: 400 }, (_, n) => ({
        chosen: n % 4 === 0 ? 1 : 0, logged, target: [0, 1], expected: [0.5, 0.5], reward: n % 4 === 0 ? 0.2 : 0.8,
      }))
      const { snips } = evaluateOffPolicy(log, Math.random)
      console.log(snips.mean.toFixed(3))`
    expect((await runModule(code)).trim()).toBe('0.200')
  })
})
