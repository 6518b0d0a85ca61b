/** An API key on the wire: its text once, when it is made; never its hash. */
import { DURATION_PATTERN } from '@atp/core/config'
import { KEY_SCOPES, type StoredKey } from '@atp/domain/tenant'
import { type Static, Type } from 'typebox'
import { Time, TimeOrNull, timeOf } from './time.ts'

export const NewKeyBody = Type.Object(
  {
    tenant: Type.Optional(
      Type.String({ maxLength: 64, description: 'Of a data key; an admin key has none.' }),
    ),
    name: Type.String({ minLength: 1, maxLength: 200, description: 'For people.' }),
    scope: Type.Enum([...KEY_SCOPES]),
    expires_at: Type.Optional(Time),
  },
  { additionalProperties: false },
)

export const RotateBody = Type.Object(
  {
    overlap: Type.String({
      pattern: DURATION_PATTERN,
      description: 'How long the old key goes on working: `24h`, or `0s`.',
      examples: ['24h'],
    }),
    expires_at: Type.Optional(Time),
  },
  { additionalProperties: false },
)

export const KeyAnswer = Type.Object({
  id: Type.String(),
  tenant: Type.Union([Type.String(), Type.Null()]),
  name: Type.String(),
  scope: Type.Enum([...KEY_SCOPES]),
  hint: Type.String({ description: 'The last four characters of the key.' }),
  created_at: Time,
  expires_at: TimeOrNull,
  revoked_at: TimeOrNull,
  last_used_at: Type.Union([Time, Type.Null()], { description: 'To the minute or so.' }),
  rotated_from: Type.Union([Type.String(), Type.Null()]),
})

export const MadeKeyAnswer = Type.Object({
  ...KeyAnswer.properties,
  key: Type.String({ description: 'The key itself: shown now, and never again.' }),
})

export function keyAnswer(key: StoredKey): Static<typeof KeyAnswer> {
  return {
    id: key.id,
    tenant: key.tenant,
    name: key.name,
    scope: key.scope,
    hint: key.hint,
    created_at: timeOf(key.createdAt) as string,
    expires_at: timeOf(key.expiresAt),
    revoked_at: timeOf(key.revokedAt),
    last_used_at: timeOf(key.lastUsedAt),
    rotated_from: key.rotatedFrom,
  }
}
