/** Which configuration a command reads: the option wins over `ATP_CONFIG`; without either there is no file. */

export interface ConfigSource {
  readonly file?: string
  readonly env: NodeJS.ProcessEnv
}

export function configFileOf(option: string | undefined): ConfigSource {
  const file = option ?? process.env.ATP_CONFIG
  return file === undefined || file === '' ? { env: process.env } : { file, env: process.env }
}
