/** From what a client sent to a frame that is as its schema says; or to the error that says why it is none, and to which request it belongs. */
import { AtpError } from '@atp/core/errors'
import type { FastifyRequest, FastifySchemaValidationError } from 'fastify'
import { deepIn } from '../plugins/nesting.ts'
import { schemaError } from '../schema-error.ts'
import { AskFrame, CancelFrame, type ClientFrame } from './frames.ts'

const SCHEMAS = { ask: AskFrame, cancel: CancelFrame }

export type JsonParser = (text: string) => unknown

export interface RefusedFrame {
  readonly id: string | null
  readonly error: AtpError
}

export class FrameReader {
  readonly #parse: JsonParser
  readonly #compile: FastifyRequest['compileValidationSchema']

  /** @param request whose route has the very validator that checks bodies */
  constructor(parse: JsonParser, request: FastifyRequest) {
    this.#parse = parse
    this.#compile = schema => request.compileValidationSchema(schema)
  }

  read(text: string): ClientFrame | RefusedFrame {
    let frame: unknown
    try {
      frame = this.#parse(text)
    } catch (cause) {
      return {
        id: null,
        error: new AtpError('malformed_json', { detail: 'the frame cannot be parsed', cause }),
      }
    }
    const error = this.#refusal(frame)
    return error === null ? (frame as ClientFrame) : { id: idOf(frame), error }
  }

  #refusal(frame: unknown): AtpError | null {
    const type = isObject(frame) ? frame.type : undefined
    if (type !== 'ask' && type !== 'cancel') return unknownType(frame)
    const validate = this.#compile(SCHEMAS[type])
    if (validate(frame)) return deepIn(frame)
    return schemaError(validate.errors as FastifySchemaValidationError[], 'frame')
  }
}

export function binaryFrame(): RefusedFrame {
  return { id: null, error: invalid('frame', 'a binary frame', 'text: one JSON object a frame') }
}

function unknownType(frame: unknown): AtpError {
  if (!isObject(frame)) return invalid('frame', describe(frame), 'a JSON object')
  const found = Object.hasOwn(frame, 'type') ? describe(frame.type) : 'nothing'
  return invalid('type', found, '"ask" or "cancel"')
}

function invalid(field: string, found: string, allowed: string): AtpError {
  const problems = [{ field, found, allowed }]
  return new AtpError('invalid_request', { detail: 'the frame is not valid', problems })
}

const SHOWN_CHARACTERS = 100

function describe(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value).slice(0, SHOWN_CHARACTERS)
  return Array.isArray(value) ? 'an array' : 'an object'
}

function idOf(frame: unknown): string | null {
  if (!isObject(frame) || typeof frame.id !== 'string' || frame.id.length > 64) return null
  return frame.id
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
