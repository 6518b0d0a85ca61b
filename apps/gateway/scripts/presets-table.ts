/** The presets as the README's table. */
import { PRESETS, PRESETS_READ_ON, type Preset } from '@atp/core/config'

const MARKS = /(<!-- presets -->\n)[\s\S]*?(<!-- \/presets -->)/

export function withPresetsTable(readme: string, table: string): string {
  return readme.replace(MARKS, `$1${table}\n$2`)
}

export function presetsTable(): string {
  const rows = Object.entries(PRESETS).map(([name, preset]) => row(name, preset))
  return [
    `| \`preset\` (${PRESETS_READ_ON}) | where | key | what differs |`,
    '| --- | --- | --- | --- |',
    ...rows,
  ].join('\n')
}

function row(name: string, { base_url, needs_key, auth_header, lacks, ...quirks }: Preset): string {
  const where = base_url === undefined ? 'say `base_url`' : `\`${base_url.value}\``
  const header = auth_header === undefined ? '' : ` in \`${auth_header.value}\``
  const key = needs_key.value ? `needed${header}` : 'if it wants one'
  const differs = [
    ...Object.entries(quirks).map(([quirk, { value }]) => `\`${quirk}: ${value}\``),
    ...(lacks?.value ?? []).map(capability => `no \`${capability}\``),
  ]
  return `| \`${name}\` | ${where} | ${key} | ${differs.join(', ')} |`
}
