export type {
  AdapterConfig,
  Config,
  ConfigSource,
  LoadedConfig,
  ModelConfig,
  SecretAt,
  VaultConfig,
} from './config.ts'
export { readConfigText } from './config-file.ts'
export {
  type ConfigSecret,
  configSecrets,
  localSecretProblems,
  type SecretRule,
  unreadableSecret,
  unusableSecret,
} from './config-secrets.ts'
export { DURATION_PATTERN, parseDuration } from './duration.ts'
export { FRAMING_HEADERS, HEADER_VALUE_PATTERN } from './header-rules.ts'
export { configJsonSchema } from './json-schema.ts'
export { type ConfigInput, loadConfig } from './load.ts'
export { type Environment, secretOfEnvironment, secretOfFile } from './local-secret.ts'
export { PRESET_NAMES } from './preset-names.ts'
export { PRESETS, PRESETS_READ_ON, type Preset, type Quirk } from './presets.ts'
export { describeConfig, renderProblems } from './report.ts'
export { type SecretPlace, SecretReference } from './secret-reference.ts'
export { shutdownWindows } from './shutdown-windows.ts'
