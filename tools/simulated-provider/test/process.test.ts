import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, it, onTestFinished } from 'vitest'
import { CATALOGUE } from '../src/index.ts'

const MAIN = join(import.meta.dirname, '../src/main.ts')

function run(...args: string[]): ChildProcessWithoutNullStreams {
  const child = spawn(process.execPath, [MAIN, ...args])
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  return child
}

async function readyUrl(child: ChildProcessWithoutNullStreams): Promise<string> {
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  const [, url] = /^simulated provider (http:\/\/127\.0\.0\.1:\d+)$/.exec(line) ?? []
  if (url === undefined) throw new Error(`unexpected line: ${line}`)
  return url
}

async function exitOf(
  child: ChildProcessWithoutNullStreams,
): Promise<{ code: number | null; output: string }> {
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', part => (output += String(part)))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output }
}

describe('the process', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'says its address in one line and ends with code 0 on %s, a stalled request in flight',
    async signal => {
      const child = run('--fault', 'alpha.stall_rate=1')
      const url = await readyUrl(child)
      const body = JSON.stringify({ model: 'sim-mini', messages: [{ role: 'user', content: 'hi' }] })
      const stalled = fetch(`${url}/alpha/v1/chat/completions`, { method: 'POST', body }).catch(() => 'ended')
      const inFlight = async () => {
        const stats = (await (await fetch(`${url}/control/stats`)).json()) as { total: { in_flight: number } }
        return stats.total.in_flight
      }
      await expect.poll(inFlight).toBe(1)
      child.kill(signal)
      expect((await exitOf(child)).code).toBe(0)
      expect(await stalled).toBe('ended')
    },
  )

  it('takes a file, and flags over it', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'simulated-provider-'))
    onTestFinished(() => rm(directory, { recursive: true }))
    const file = join(directory, 'faults.yaml')
    await writeFile(file, 'time_scale: 0\nmodels:\n  sim-mini: { error_rate: 0.5, drift: { after_s: 30 } }\n')
    const child = run(
      '--config',
      file,
      '--fault',
      'sim-mini.drift.quality_shift=-0.5',
      '--fault',
      'beta.usage=none',
    )
    const state = await (await fetch(`${await readyUrl(child)}/control`)).json()
    expect(state).toMatchObject({
      accounts: { alpha: {}, beta: { usage: 'none' } },
      models: { 'sim-mini': { faults: { error_rate: 0.5, drift: { after_s: 30, quality_shift: -0.5 } } } },
    })
  })

  it('explains itself: every option, every model', async () => {
    const { code, output } = await exitOf(run('--help'))
    expect(code).toBe(0)
    for (const { name } of CATALOGUE) expect(output).toContain(name)
    for (const flag of ['--port', '--seed', '--time-scale', '--fault', '--instant'])
      expect(output).toContain(flag)
  })

  it.each([
    [['--prot', '1'], '--prot'],
    [['--port', 'http'], 'port'],
    [['--fault', 'sim-mini'], 'NAME.FAULT=VALUE'],
    [['--fault', 'sim-mini.error_rate=lots'], 'models.sim-mini.error_rate: found "lots"'],
    [['--fault', 'gamma.error_rate=1'], 'gamma'],
    [['--config', '/does/not/exist.yaml'], '/does/not/exist.yaml'],
  ])('refuses %j with code 2, naming it', async (args, named) => {
    const { code, output } = await exitOf(run(...args))
    expect(code).toBe(2)
    expect(output).toContain(named)
    expect(output.trim().split('\n')).toHaveLength(1)
  })

  it('answers at once and alike in instant mode, whole and streamed', async () => {
    const url = await readyUrl(run('--instant'))
    const post = async (body: object) => {
      const response = await fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        body: JSON.stringify(body),
      })
      return { type: response.headers.get('content-type'), text: await response.text() }
    }
    const whole = await post({ model: 'anything' })
    expect(whole.type).toBe('application/json')
    expect(JSON.parse(whole.text)).toMatchObject({ object: 'chat.completion', usage: { total_tokens: 22 } })
    const streamed = await post({ stream: true, stream_options: { include_usage: true } })
    expect(streamed.type).toContain('text/event-stream')
    expect(streamed.text).toContain('"choices":[],"usage":{"prompt_tokens":10')
    expect((await post({ stream: true })).text).not.toContain('usage')
  })
})
