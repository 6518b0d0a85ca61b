/** IP addresses that may lead to somebody: no loopback, and nothing that reads as a version. */
import { isIPv4, isIPv6 } from 'node:net'
import { eachMatch, type Search } from './match.ts'

export const ipAddresses: Search = (cluster, emit) => {
  const { text } = cluster
  eachMatch(V4, cluster, (found, start) => {
    if (!isIPv4(found) || NOBODY.test(found) || VERSION.test(text.slice(Math.max(0, start - 16), start)))
      return false
    emit(start, start + found.length)
    return true
  })
  eachMatch(V6, cluster, (match, start) => {
    const found = SENTENCE_END.test(match) ? match.slice(0, -1) : match
    if (!isIPv6(found) || !PLAUSIBLE_V6.test(found)) return false
    emit(start, start + found.length)
    return true
  })
}

const V4 = /(?<![\w.]|[A-Za-z]-)(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\w|-[A-Za-z])/g
const NOBODY = /^(?:127\.|0\.0\.0\.0$|255\.255\.255\.255$)/
const VERSION =
  /(?:\b(?:v|ver|version|versión|versione|release|build|firmware|driver|kernel|section|chapter|abschnitt|kapitel)[.:]?\s?|[=~^<>]=?\s?)$/i
const V6 = /(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])/g
const SENTENCE_END = /[^:]:$/
/** It has a digit, and a group that is no hour and no minute. */
const PLAUSIBLE_V6 = /^(?=.*\d).*[0-9A-Fa-f]{3,4}/
