import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AtpError } from '../src/errors.ts'
import { createLogger, flushLogger, LOG_LEVELS } from '../src/logging.ts'
import { Secret } from '../src/secret.ts'
import { memoryLog } from './memory-log.ts'

const HIDDEN = 'hidden-value'

describe('redaction of log lines', () => {
  it.each([
    'authorization',
    'Authorization',
    'proxy-authorization',
    'api_key',
    'apiKey',
    'x-api-key',
    'X-API-Key',
    'OPENAI_API_KEY',
    'password',
    'passwd',
    'token',
    'accessToken',
    'refresh_token',
    'secret',
    'client_secret',
    'secret_id',
    'cookie',
    'set-cookie',
    'credentials',
    'privateKey',
    'databaseUrl',
    'DATABASE_URL',
  ])('hides what is called %s, at any depth', name => {
    const { log, text } = memoryLog()
    log.info({ [name]: HIDDEN })
    log.info({ a: { b: [{ c: { d: { e: { f: { [name]: HIDDEN } } } } }] } })
    log.info({ [name]: { nested: HIDDEN, list: [HIDDEN] } })
    log.child({ [name]: HIDDEN }).info('bound')
    log.child({ request: { [name]: [HIDDEN] } }).warn({ [name]: HIDDEN }, 'bound')
    expect(text()).not.toContain(HIDDEN)
    expect(text().split('\n')).toHaveLength(6)
  })

  it.each(['tokens', 'tokens_in', 'max_tokens', 'first_token_ms', 'secrets_found', 'key', 'author'])(
    'shows what is called %s',
    name => {
      const { log, lines } = memoryLog()
      log.info({ [name]: 17 })
      expect(lines()).toMatchObject([{ [name]: 17 }])
    },
  )

  it('hides a Secret under any name, in any place', () => {
    const { log, text, lines } = memoryLog()
    const secret = new Secret(HIDDEN)
    log.info({ plain: secret, list: [secret], deep: { er: secret } }, `in a template: ${secret}`)
    log.info('by format: %s %o %j', secret, secret, { secret })
    log.child({ bound: secret }).info('child')
    expect(text()).not.toContain(HIDDEN)
    expect(lines()[0]).toMatchObject({ plain: '[redacted]', list: ['[redacted]'] })
  })

  it('hides what an error carries: its properties, problems, context and cause', () => {
    const { log, text, lines } = memoryLog()
    const cause = Object.assign(new Error(`call failed with Bearer ${HIDDEN}`), {
      headers: { authorization: HIDDEN },
    })
    const error = new AtpError('upstream_failed', { detail: 'no answer', context: { apiKey: HIDDEN }, cause })
    log.error(error)
    log.error({ err: error, error: cause }, 'in fields')
    log.error({ nested: { error: Object.assign(new Error('x'), { token: HIDDEN }) } })
    expect(text()).not.toContain(HIDDEN)
    expect(lines()[0]).toMatchObject({
      msg: 'no answer',
      err: { code: 'upstream_failed', context: { apiKey: '[redacted]' } },
    })
  })

  it.each([
    [`Authorization: Bearer ${HIDDEN}`],
    [`POST https://api.test/v1?model=x&api_key=${HIDDEN}&n=1`],
    [`connecting to postgres://atp:${HIDDEN}@db/atp`],
    [`upstream said {"error":{"api_key":"${HIDDEN}"}}`],
    [`key sk-${HIDDEN} is wrong`],
  ])('hides a secret in running text: %s', text => {
    const memory = memoryLog()
    memory.log.info(text)
    memory.log.info({ body: text, err: new Error(text) })
    expect(memory.text()).not.toContain(HIDDEN)
    expect(memory.lines()).toHaveLength(2)
  })

  it('leaves a line without secrets as it is', () => {
    const { log, lines } = memoryLog()
    log.info(
      { url: 'https://api.test:8080/v1?limit=3', tokens: { in: 3 }, ratio: 0.5, none: null },
      'a "quoted" line\n',
    )
    expect(lines()).toMatchObject([
      {
        level: 'info',
        url: 'https://api.test:8080/v1?limit=3',
        tokens: { in: 3 },
        ratio: 0.5,
        none: null,
        msg: 'a "quoted" line\n',
      },
    ])
  })

  it('survives a circular object that holds a secret', () => {
    const { log, text } = memoryLog()
    const circular: Record<string, unknown> = { password: HIDDEN }
    circular.self = circular
    log.info({ circular })
    expect(text()).not.toContain(HIDDEN)
    expect(text()).toContain('[redacted]')
  })
})

describe('logger', () => {
  it.each(LOG_LEVELS)('writes at level %s what is at least as grave', level => {
    const { log, lines } = memoryLog(level)
    for (const each of LOG_LEVELS) log[each]({ each }, 'line')
    expect(lines().map(line => line.each)).toEqual(
      LOG_LEVELS.slice(LOG_LEVELS.indexOf(level)).filter(each => each !== 'silent'),
    )
  })

  it('has every line written when flushed', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'atp-log-'))
    const file = join(directory, 'log.jsonl')
    const log = createLogger({ level: 'info', destination: file })
    for (let n = 0; n < 5_000; n++) log.info({ n, filler: 'x'.repeat(200) })
    await flushLogger(log)
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
    rmSync(directory, { recursive: true })
    expect(lines.map(line => JSON.parse(line).n)).toEqual(Array.from({ length: 5_000 }, (_, n) => n))
  })

  it('flushes at once when there is nothing to write', async () => {
    await flushLogger(memoryLog().log)
    await flushLogger(createLogger({ level: 'silent' }))
  })

  it.each([['end'], ['exit'], ['throw'], ['flush']])(
    'loses no line in a process that ends by %s',
    async ending => {
      const lines = (await outputOf(['2000', ending])).trimEnd().split('\n')
      // One that was being written when the process ended may come behind those that were flushed then.
      const numbers = lines.map(line => JSON.parse(line).n as number).sort((one, other) => one - other)
      expect(numbers).toEqual(Array.from({ length: 2_000 }, (_, n) => n))
      expect(lines.join()).not.toContain(HIDDEN)
    },
  )
})

function outputOf(args: string[]): Promise<string> {
  const script = join(import.meta.dirname, 'logging-child.ts')
  return new Promise(resolve =>
    execFile(process.execPath, [script, ...args], { maxBuffer: 1e8 }, (_, stdout) => resolve(stdout)),
  )
}
