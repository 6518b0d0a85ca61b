/** Numbers that a state gives to a person, of those whose form and checksum leave little to chance. */
import validator from 'validator'
import { eachMatch, type Search } from './match.ts'

export const nationalIds: Search = (cluster, emit) => {
  for (const { pattern, isValid } of FORMS) {
    eachMatch(pattern, cluster, (found, start) => {
      if (!isValid(found)) return false
      emit(start, start + found.length)
      return true
    })
  }
}

const FORMS: readonly { readonly pattern: RegExp; readonly isValid: (found: string) => boolean }[] = [
  // Spain: DNI and NIE, a letter mod 23.
  {
    pattern: /(?<![\w.-])(?:\d{8}|[XYZ]-?\d{7})-?[A-HJ-NP-TV-Z](?![\w-])/g,
    isValid: found => validator.isIdentityCard(found.replaceAll('-', ''), 'ES'),
  },
  // Italy: codice fiscale, a letter mod 26, with the date of birth.
  {
    pattern: /(?<!\w)[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z](?!\w)/g,
    isValid: found => validator.isTaxID(found, 'it-IT'),
  },
  // Finland: henkilötunnus, a sign mod 31, with the date of birth.
  {
    pattern: /(?<![\w-])\d{6}[-+A]\d{3}[0-9A-FHJ-NPR-Y](?![\w-])/g,
    isValid: found => validator.isTaxID(found, 'fi-FI'),
  },
  // Brazil: CPF as it is written, two digits mod 11.
  {
    pattern: /(?<![\w.])\d{3}\.\d{3}\.\d{3}-\d{2}(?!\w)/g,
    isValid: found => validator.isTaxID(found, 'pt-BR'),
  },
  // China: resident identity number, a sign mod 11-2, with the date of birth and the province.
  { pattern: /(?<!\w)\d{17}[\dXx](?!\w)/g, isValid: found => validator.isIdentityCard(found, 'zh-CN') },
]
