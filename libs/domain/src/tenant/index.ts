export { DEFAULT_TENANT } from './tenant.ts'
