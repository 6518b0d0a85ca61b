/** Who may use the gateway. */
import { Type } from 'typebox'
import { SECRET_REFERENCE_PATTERN } from './secret-reference.ts'

export const AuthSchema = Type.Object(
  {
    enabled: Type.Boolean({
      default: true,
      description:
        'Whether each request needs an API key; false is for this machine alone, server.host must be loopback.',
    }),
    admin_key: Type.Optional(
      Type.String({
        pattern: SECRET_REFERENCE_PATTERN,
        writeOnly: true,
        examples: ['env:GATEWAY_ADMIN_KEY', 'file:/run/secrets/atp-admin-key', 'vault:secret/atp#admin_key'],
        description:
          'Where an admin key is that is in no database; `atp key` makes one. Without it the first admin key is made by `npm run up`.',
      }),
    ),
    public_metrics: Type.Boolean({
      default: true,
      description: 'Whether /metrics needs no key; false asks for an admin key.',
    }),
  },
  { additionalProperties: false, default: {}, description: 'Who may use the gateway.' },
)
