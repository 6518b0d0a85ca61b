/** What goes over a WebSocket: JSON, one object a frame. Each request has an id of its client's choice, which all that answers it carries. */
import { type Static, Type } from 'typebox'
import { AskRequest } from '../schemas/ask.ts'
import type { Problem } from '../schemas/common.ts'

const RequestId = Type.String({ minLength: 1, maxLength: 64 })

/** The same fields as those of `POST /v1/ask`. */
export const AskFrame = Type.Object(
  { type: Type.Enum(['ask']), id: RequestId, ...AskRequest.properties },
  { additionalProperties: false },
)
export type AskFrame = Static<typeof AskFrame>

/** The request ends with an error frame, `client_closed_request`; where it has ended already, nothing comes. */
export const CancelFrame = Type.Object(
  { type: Type.Enum(['cancel']), id: RequestId },
  { additionalProperties: false },
)
export type CancelFrame = Static<typeof CancelFrame>

export type ClientFrame = AskFrame | CancelFrame

/** `answer`, or `decision`, `text`* and `done`; each request ends with one `answer`, `done` or `error`. */
export interface ServerFrame {
  readonly type: 'answer' | 'decision' | 'text' | 'done' | 'error'
  /** Null where a frame had none that could be read, or one that is in use. */
  readonly id: string | null
  /** What an answer over HTTP would have said in its headers. */
  readonly headers?: Readonly<Record<string, string>>
  /** Of an `error`. */
  readonly problem?: Problem
  /** The fields that `POST /v1/ask` answers. */
  readonly [field: string]: unknown
}
