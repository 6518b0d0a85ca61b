/** Optimistic concurrency over HTTP: a version is an `ETag`, and `If-Match` says which one a change is meant for (RFC 9110, 13.1.1). */
import { AtpError } from '@atp/core/errors'

export function etagOf(version: number): string {
  return `"${version}"`
}

/** @throws {AtpError} `precondition_required` without `If-Match`; `precondition_failed` where it holds no version of ours */
export function versionWanted(headers: { readonly 'if-match'?: string | undefined }): number {
  const match = headers['if-match']
  if (match === undefined) {
    throw new AtpError('precondition_required', {
      detail:
        'send the ETag that was read as If-Match: a change must not undo what somebody else did meanwhile',
      problems: [{ field: 'if-match', found: 'nothing', allowed: 'the ETag of the version to change' }],
    })
  }
  const version = /^"([1-9][0-9]{0,14})"$/.exec(match)?.[1]
  if (version !== undefined) return Number(version)
  throw new AtpError('precondition_failed', {
    detail: 'If-Match names no version',
    problems: [{ field: 'if-match', found: match, allowed: 'one ETag, such as "3"' }],
  })
}
