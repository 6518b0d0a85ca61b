export { type ApiKey, isActive, KEY_SCOPES, type KeyScope } from './api-key.ts'
export { type KeyHolder, ROOT_KEY, TenantDirectory, type TenantDirectoryOptions } from './directory.ts'
export { KeyAdministration, type MadeKey, type NewKey } from './key-administration.ts'
export { KeyUse } from './key-use.ts'
export {
  COUNTED,
  type Counted,
  LIMIT_SCOPES,
  type LimitDefinition,
  type LimitScope,
} from './limit-definition.ts'
export type {
  AuditEntry,
  AuditQuery,
  Changes,
  Page,
  Revised,
  StoredKey,
  StoredTenant,
  TenantStore,
  Usage,
  UsageQuery,
  Versioned,
} from './store.ts'
export {
  BUILT_IN_TENANT,
  DEFAULT_SETTINGS,
  DEFAULT_TENANT,
  FAILURE_POLICIES,
  type FailurePolicy,
  mayUse,
  RESERVE_MODES,
  type ReserveMode,
  type Tenant,
  type TenantSettings,
} from './tenant.ts'
export { type AdministrationOptions, TenantAdministration } from './tenant-administration.ts'
export { limitOf, ownerOf, type Subject, type TenantLimit, TenantLimits } from './tenant-limits.ts'
export { MOST_LIMITS, TENANT_ID_PATTERN } from './tenant-problems.ts'
