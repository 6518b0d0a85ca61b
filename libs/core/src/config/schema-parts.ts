/** What the sections of the configuration are built of. */
import { type TProperties, Type } from 'typebox'
import { DURATION_PATTERN, POSITIVE_DURATION_PATTERN } from './duration.ts'

export const section = <Properties extends TProperties>(description: string, properties: Properties) =>
  Type.Object(properties, { additionalProperties: false, default: {}, description })

export const duration = (value: string, description: string) =>
  Type.String({
    pattern: POSITIVE_DURATION_PATTERN,
    default: value,
    examples: ['250ms', '5s', '10m'],
    description,
  })

export const durationOrZero = (value: string, description: string) =>
  Type.String({ pattern: DURATION_PATTERN, default: value, examples: ['0s', '5s', '10m'], description })

export const optionalDuration = (description: string) =>
  Type.Optional(Type.String({ pattern: POSITIVE_DURATION_PATTERN, examples: ['12s', '280s'], description }))

export const count = (value: number, description: string) =>
  Type.Integer({ minimum: 1, default: value, description })
