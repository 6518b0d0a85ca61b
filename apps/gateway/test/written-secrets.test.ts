import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { expectNoSecretWritten, secretsIn } from './support/written-secrets.ts'

it('takes for a secret what its name calls one, and what is no reference', () => {
  expect(
    secretsIn({
      OPENAI_API_KEY: 'sk-0123456789',
      VAULT_TOKEN: 'hvs.0123456789',
      ATP_AUTH_ADMIN_KEY: 'env:ROOT_KEY_OF_ALL',
      ATP_LOG_LEVEL: 'a text that is long',
      A_KEY: 'short',
    }),
  ).toEqual(['sk-0123456789', 'hvs.0123456789'])
})

it('finds one in what was printed, and in any file, and never says it', () => {
  const directory = mkdtempSync(join(tmpdir(), 'atp-written-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const look = (output: string) => () => expectNoSecretWritten(['sk-0123456789'], output, directory)
  expect(look('all is well')).not.toThrow()
  expect(look('said sk-0123456789!')).toThrow('a secret is in what the gateway printed')
  writeFileSync(join(directory, 'journal.db'), Buffer.from([0, ...Buffer.from('sk-0123456789'), 255]))
  expect(look('all is well')).toThrow(/^a secret is in .*journal\.db$/)
})
