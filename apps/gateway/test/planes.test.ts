import { ManualClock } from '@atp/core/clock'
import { AtpError } from '@atp/core/errors'
import Fastify from 'fastify'
import { describe, expect, it } from 'vitest'
import { type Authenticator, everybody } from '../src/corridor/authenticate.ts'
import type { App } from '../src/http/app.ts'
import planes, { callerOf } from '../src/http/plugins/planes.ts'

async function appWith(authenticator: Authenticator): Promise<App> {
  const app = Fastify() as unknown as App
  const metrics = { authenticationFailed: () => undefined }
  await app.register(planes, { authenticator, clock: new ManualClock(), metrics })
  return app
}

describe('a route', () => {
  it('that does not say who may use it stops the start', async () => {
    const app = await appWith(everybody)
    expect(() => app.get('/forgotten', () => 'open')).toThrow('the route GET /forgotten does not say')
    expect(() => app.get('/other', { config: { wire: 'atp' } }, () => 'open')).toThrow('does not say')
  })

  it('is asked nothing of a body whose sender it does not know', async () => {
    const nobody = () => {
      throw new AtpError('invalid_api_key', { detail: 'no' })
    }
    const app = await appWith({ caller: nobody, administrator: nobody })
    let read = 0
    app.addHook('preParsing', async () => {
      read += 1
    })
    app.post('/data', { config: { plane: 'data' } }, () => 'never')
    const headers = { 'content-type': 'application/json' }
    await app.inject({ method: 'POST', url: '/data', headers, payload: '{"a": ' })
    expect(read).toBe(0)
  })

  it('that is public has no caller to ask for', async () => {
    const app = await appWith(everybody)
    app.get('/public', { config: { plane: 'public' } }, request => callerOf(request).tenant.id)
    app.get('/data', { config: { plane: 'data' } }, request => callerOf(request).tenant.id)
    expect((await app.inject('/public')).statusCode).toBe(500)
    expect((await app.inject('/data')).body).toBe('default')
  })
})
