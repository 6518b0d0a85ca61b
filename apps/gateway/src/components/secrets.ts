/** Read before anything else was made: what is left is to say how they are, and to give the token back last of all. */
import type { AppContainer } from '@atp/core/container'
import type { Component } from '@atp/core/lifecycle'
import { secretsCheck } from '../secrets/secrets-check.ts'
import * as T from '../tokens.ts'

export function secrets({ resolve }: AppContainer): Component {
  const secrets = resolve(T.SECRETS)
  resolve(T.READINESS).register('secrets', () => secretsCheck(secrets))
  return { name: 'secrets', stop: () => secrets.close() }
}
