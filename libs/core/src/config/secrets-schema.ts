/** Where secrets come from, and how long they are believed. */
import { type Static, Type } from 'typebox'
import { duration, section } from './schema-parts.ts'
import { LOCAL_REFERENCE_PATTERN } from './secret-reference.ts'

const credential = (description: string, example: string) =>
  Type.Optional(
    Type.String({
      pattern: LOCAL_REFERENCE_PATTERN,
      writeOnly: true,
      examples: [`env:${example}`, `file:/run/secrets/${example.toLowerCase().replaceAll('_', '-')}`],
      description,
    }),
  )

const VaultAuth = section('How the gateway logs in.', {
  method: Type.Enum(['token', 'approle', 'kubernetes'], {
    default: 'kubernetes',
    description:
      'The method token needs `token`; approle `role_id` and `secret_id`; kubernetes `role`, and logs in with its service account.',
  }),
  mount: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9_-][A-Za-z0-9_./-]*$',
      description: 'Where the method is mounted in Vault; by its name, if nothing is said.',
    }),
  ),
  token: credential('Where the token is; it is read again when it is refused.', 'VAULT_TOKEN'),
  role_id: credential('Where the id of the role is.', 'VAULT_ROLE_ID'),
  secret_id: credential('Where the secret id is; it is read again at each login.', 'VAULT_SECRET_ID'),
  role: Type.Optional(
    Type.String({ minLength: 1, description: 'The role that the service account is bound to.' }),
  ),
  jwt_file: Type.String({
    minLength: 1,
    default: '/var/run/secrets/kubernetes.io/serviceaccount/token',
    description: 'The projected token of the service account; it is read again at each login.',
  }),
})

const Vault = Type.Object(
  {
    address: Type.String({
      format: 'uri',
      pattern: '^https?://[^/?#]',
      examples: ['https://vault.internal:8200'],
      description: 'Where Vault, or OpenBao, is.',
    }),
    namespace: Type.Optional(
      Type.String({ minLength: 1, description: 'The namespace, where there are any.' }),
    ),
    kv_mounts: Type.Array(Type.String({ pattern: '^[A-Za-z0-9_-][A-Za-z0-9_./-]*$' }), {
      default: ['secret', 'kv'],
      description:
        'Mounts of KV engines of version 2. What is elsewhere is read as it is, as database/creds/ROLE, and its leases are renewed.',
    }),
    ca_file: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'Certificates of the authorities that are trusted besides those of the system.',
      }),
    ),
    timeout: duration('5s', 'Time in which Vault must answer.'),
    auth: VaultAuth,
  },
  { additionalProperties: false, description: 'The Vault that `vault:mount/path#field` leads to.' },
)

const Source = Type.Object(
  {
    from: Type.String({
      pattern: '^(?:env:[A-Za-z0-9_]*|file:.+|vault:[A-Za-z0-9_][A-Za-z0-9_./-]*)$',
      examples: ['file:/run/secrets', 'env:', 'env:ATP_SECRET_', 'vault:secret/atp'],
      description:
        'What the name is appended to: a directory, a path in Vault (whose field is `value`), or the beginning of a variable.',
    }),
    names: Type.Optional(
      Type.Array(Type.String({ pattern: '^[A-Za-z0-9_][A-Za-z0-9_./-]*\\*?$' }), {
        minItems: 1,
        examples: [['openai', 'providers/*']],
        description: 'The only names that are looked for there; a `*` at the end stands for anything.',
      }),
    ),
  },
  { additionalProperties: false, description: 'A place where secrets are looked for by name.' },
)

export const SecretsSchema = section('Where secrets come from, and how long they are believed.', {
  ttl: duration(
    '1m',
    'Time after which a secret is read again; those in files, as soon as the file changes.',
  ),
  stale_if_error: duration(
    '1d',
    'Time for which a secret that cannot be read any more is used on, after its ttl.',
  ),
  sources: Type.Array(Source, {
    default: [{ from: 'file:/run/secrets' }, { from: 'env:' }],
    description:
      'Where `secret:NAME` is looked for, in this order; a place that does not answer ends the search.',
  }),
  vault: Type.Optional(Vault),
})

export type SecretsSchema = Static<typeof SecretsSchema>
