/** From a schema's verdict on a request to our error: the field, what was found, what is allowed. */
import { AtpError } from '@atp/core/errors'
import { schemaProblems } from '@atp/core/schema-problems'
import type { ErrorObject } from 'ajv'
import type { FastifySchemaValidationError } from 'fastify'

/** @param part of the request: `body`, `headers`, `params` */
export function schemaError(errors: FastifySchemaValidationError[], part: string): AtpError {
  return new AtpError('invalid_request', {
    detail: `the ${part === 'headers' ? 'headers are' : `${part} is`} not valid`,
    problems: schemaProblems(errors as ErrorObject[], part),
  })
}
