/** Makes personal data that nobody has: right in form and checksum, computed here and not by what is measured; and what only looks like it. */
export interface Maker {
  readonly int: (below: number) => number
  readonly pick: <T>(items: readonly T[]) => T
  readonly digits: (count: number) => string
}

/** @param seed of a generator of 32 bits (mulberry32): the set is the same on every machine */
export function makerOf(seed: number): Maker {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const int = (below: number): number => Math.floor(next() * below)
  return {
    int,
    pick: items => items[int(items.length)] as never,
    digits: count => Array.from({ length: count }, () => int(10)).join(''),
  }
}

const NAMES = [
  'jane',
  'lukas',
  'maria',
  'wei',
  'ahmed',
  'zoë',
  'olu',
  'piotr',
  'anna-lena',
  'joão',
  'k',
  "o'neil",
]
const SURNAMES = ['roe', 'muster', 'rossi', 'zhang', 'silva', 'virtanen', 'garcia', 'smith99', 'x']
const DOMAINS = [
  'example.com',
  'mail.example.org',
  'example.co.uk',
  'firma-beispiel.de',
  'ejemplo.es',
  'posta.example.it',
  'sub.dept.example.edu',
  'exemplo.com.br',
]

/** By slot: what is put there, and whether it is to be found. */
export const ENTITIES = {
  email: (m: Maker) =>
    `${m.pick(NAMES)}${m.pick(['.', '_', '', '+', '-'])}${m.pick(SURNAMES)}${m.pick(['', '', m.digits(2)])}@${m.pick(DOMAINS)}`,
  card: (m: Maker) => {
    const [prefix, length] = m.pick([
      ['4', 16],
      ['51', 16],
      ['55', 16],
      ['2221', 16],
      ['37', 15],
      ['6011', 16],
      ['36', 14],
      ['3530', 16],
    ] as const)
    const body = prefix + m.digits(length - prefix.length - 1)
    const number = body + luhnDigit(body)
    if (length !== 16) return m.pick([number, grouped(number, [4, 6, length - 10], m.pick([' ', '-']))])
    return m.pick([number, grouped(number, [4, 4, 4, 4], ' '), grouped(number, [4, 4, 4, 4], '-')])
  },
  iban: (m: Maker) => {
    const [country, form] = m.pick([
      ['DE', 'n18'],
      ['GB', 'a4n14'],
      ['FR', 'n10c11n2'],
      ['ES', 'n20'],
      ['NL', 'a4n10'],
      ['IT', 'a1n10c12'],
      ['FI', 'n14'],
      ['PT', 'n21'],
      ['BE', 'n12'],
      ['AT', 'n16'],
    ] as const)
    const iban = withIbanCheck(country, bban(m, form))
    return m.pick([iban, iban.replace(/(.{4})(?=.)/g, '$1 ')])
  },
  ip: (m: Maker) =>
    m.pick([
      () => `${m.pick([10, 172, 192, 203, 85])}.${m.int(256)}.${m.int(256)}.${1 + m.int(254)}`,
      () => `2001:db8:${hex(m)}:${hex(m)}::${hex(m)}`,
      () => `fe80::${hex(m)}:${hex(m)}:${hex(m)}:${hex(m)}`,
      () => `2a02:${hex(m)}:${hex(m)}:${hex(m)}:${hex(m)}:${hex(m)}:${hex(m)}:${hex(m)}`,
    ])(),
  phone: (m: Maker) => m.pick([international, national])(m),
  national_id: (m: Maker) => m.pick([dni, hetu, cpf, chineseId])(m),
} as const

/** What must not be found. */
export const DECOYS = {
  order16: (m: Maker) => {
    const body = `4${m.digits(14)}`
    return body + ((luhnDigit(body) + 1 + m.int(9)) % 10)
  },
  cardlike: (m: Maker) => {
    const body = `51${m.digits(13)}`
    return grouped(body + ((luhnDigit(body) + 5) % 10), [4, 4, 4, 4], ' ')
  },
  order10: (m: Maker) => `${1 + m.int(9)}${m.digits(9)}`,
  order8: (m: Maker) => m.digits(8),
  ibanlike: (m: Maker) => {
    const good = withIbanCheck('DE', bban(m, 'n18'))
    return good.slice(0, -1) + ((Number(good.at(-1)) + 1 + m.int(8)) % 10)
  },
  version: (m: Maker) =>
    `${m.pick(['v', 'version ', 'release ', 'build '])}${m.int(20)}.${m.int(20)}.${m.int(200)}.${m.int(200)}`,
  semver: (m: Maker) => `${m.int(9)}.${m.int(30)}.${m.int(99)}-rc.${m.int(9)}`,
  date: (m: Maker) =>
    `${2000 + m.int(30)}-${two(1 + m.int(12))}-${two(1 + m.int(28))} ${two(m.int(24))}:${two(m.int(60))}:${two(m.int(60))}`,
  europeanDate: (m: Maker) => `${two(1 + m.int(28))}.${two(1 + m.int(12))}.${2000 + m.int(30)}`,
  uuid: (m: Maker) =>
    `${hex(m)}${hex(m)}-${hex(m)}-4${hex(m).slice(1)}-a${hex(m).slice(1)}-${hex(m)}${hex(m)}${hex(m)}`,
  mac: (m: Maker) => Array.from({ length: 6 }, () => hex(m).slice(2)).join(':'),
  hash: (m: Maker) => Array.from({ length: 10 }, () => hex(m)).join(''),
  isbn: (m: Maker) => `978-${m.int(10)}-${m.digits(4)}-${m.digits(4)}-${m.int(10)}`,
  price: (m: Maker) => `${1 + m.int(99)},${m.digits(3)}.${m.digits(2)}`,
  range: (m: Maker) => `${1900 + m.int(99)}-${2000 + m.int(30)}`,
  handle: (m: Maker) => `@${m.pick(SURNAMES)}_${m.pick(NAMES.filter(name => /^\w+$/.test(name)))}`,
  pkg: (m: Maker) => `${m.pick(['lodash', 'left-pad', '@scope/tool'])}@${m.int(9)}.${m.int(20)}.${m.int(20)}`,
  image: (m: Maker) => `icon-${m.int(64)}@2x.png`,
  dniLike: (m: Maker) => {
    const good = dni(m)
    return good.slice(0, -1) + DNI_LETTERS[(DNI_LETTERS.indexOf(good.at(-1) as string) + 7) % 23]
  },
  cpfLike: (m: Maker) => {
    const good = cpf(m)
    return good.slice(0, -1) + ((Number(good.at(-1)) + 3) % 10)
  },
  coordinates: (m: Maker) => `${m.int(90)}.${m.digits(6)}, ${m.int(180)}.${m.digits(6)}`,
  epoch: (m: Maker) => `17${m.digits(11)}`,
} as const

const two = (value: number): string => String(value).padStart(2, '0')
const hex = (m: Maker): string =>
  Array.from({ length: 4 }, () => m.pick('0123456789abcdef'.split('')))
    .join('')
    .replace(/^0+(?=.)/, '1')

function grouped(text: string, lengths: readonly number[], separator: string): string {
  let from = 0
  const groups = lengths.map(length => {
    from += length
    return text.slice(from - length, from)
  })
  return groups.join(separator)
}

function luhnDigit(body: string): number {
  const sum = body
    .split('')
    .reverse()
    .reduce((total, digit, at) => {
      const value = Number(digit) * (at % 2 === 0 ? 2 : 1)
      return total + (value > 9 ? value - 9 : value)
    }, 0)
  return (10 - (sum % 10)) % 10
}

/** @param form runs of a kind and a length: n digits, a capitals, c either */
function bban(m: Maker, form: string): string {
  const alphabet = { n: '0123456789', a: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', c: '0123456789ABCDEFGHIJ' }
  return Array.from(form.matchAll(/([nac])(\d+)/g), ([, kind, length]) =>
    Array.from({ length: Number(length) }, () => m.pick(alphabet[kind as 'n' | 'a' | 'c'].split(''))).join(
      '',
    ),
  ).join('')
}

function withIbanCheck(country: string, account: string): string {
  const value = BigInt(
    `${account}${country}00`
      .split('')
      .map(character => Number.parseInt(character, 36))
      .join(''),
  )
  return `${country}${two(Number(98n - (value % 97n)))}${account}`
}

function international(m: Maker): string {
  return m.pick([
    () => `+1 ${m.pick([212, 415, 305])} 555 ${m.digits(4)}`,
    () => `+1-${m.pick([212, 415, 305])}-${m.pick([736, 867])}-${m.digits(4)}`,
    () => `+44 20 7946 ${m.digits(4)}`,
    () => `+49 30 901${m.digits(5)}`,
    () => `+49 (0)171 ${m.digits(7)}`,
    () => `+33 6 ${m.pick([12, 45, 78])} ${m.digits(2)} ${m.digits(2)} ${m.digits(2)}`,
    () => `+34 6${m.digits(2)} ${m.digits(3)} ${m.digits(3)}`,
    () => `+55 11 9${7 + m.int(3)}${m.digits(3)}-${m.digits(4)}`,
    () => `+91 98${m.digits(3)} ${m.digits(5)}`,
    () => `+358 40 ${m.digits(3)} ${m.digits(4)}`,
    () => `+3906698${m.digits(5)}`,
    () => `+81 90-${1 + m.int(9)}${m.digits(3)}-${m.digits(4)}`,
  ])()
}

/** In the countries that the bench names: US, GB, DE, FR, ES, BR. */
function national(m: Maker): string {
  return m.pick([
    () => `(${m.pick([212, 415, 305])}) ${m.pick([736, 867])}-${m.digits(4)}`,
    () => `${m.pick([212, 415, 305])}-${m.pick([736, 867])}-${m.digits(4)}`,
    () => `${m.pick([212, 415, 305])}.${m.pick([736, 867])}.${m.digits(4)}`,
    () => `020 7946 ${m.digits(4)}`,
    () => `07911 ${m.digits(6)}`,
    () => `030 901${m.digits(5)}`,
    () => `0171/${1 + m.int(9)}${m.digits(6)}`,
    () => `06 ${m.pick([12, 45, 78])} ${m.digits(2)} ${m.digits(2)} ${m.digits(2)}`,
    () => `01.42.${m.digits(2)}.${m.digits(2)}.${m.digits(2)}`,
    () => `6${m.digits(2)} ${m.digits(3)} ${m.digits(3)}`,
    () => `(11) 9${7 + m.int(3)}${m.digits(3)}-${m.digits(4)}`,
  ])()
}

const DNI_LETTERS = 'TRWAGMYFPDXBNJZSQVHLCKE'

function dni(m: Maker): string {
  const number = m.digits(8)
  return number + DNI_LETTERS[Number(number) % 23]
}

function hetu(m: Maker): string {
  const birth = `${two(1 + m.int(28))}${two(1 + m.int(12))}${two(m.int(99))}`
  const serial = String(2 + m.int(898)).padStart(3, '0')
  return `${birth}-${serial}${'0123456789ABCDEFHJKLMNPRSTUVWXY'[Number(birth + serial) % 31]}`
}

function cpf(m: Maker): string {
  const digits = [1 + m.int(8), ...Array.from({ length: 8 }, () => m.int(10))]
  for (const length of [9, 10]) {
    const sum = digits.slice(0, length).reduce((total, digit, at) => total + digit * (length + 1 - at), 0)
    digits.push(((sum * 10) % 11) % 10)
  }
  const text = digits.join('')
  return `${text.slice(0, 3)}.${text.slice(3, 6)}.${text.slice(6, 9)}-${text.slice(9)}`
}

function chineseId(m: Maker): string {
  const body = `${m.pick(['110105', '310104', '440305'])}${1950 + m.int(55)}${two(1 + m.int(12))}${two(1 + m.int(28))}${m.digits(3)}`
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
  const sum = weights.reduce((total, weight, at) => total + weight * Number(body[at]), 0)
  return body + '10X98765432'[sum % 11]
}
