export type { PostgresForTests } from './postgres-for-tests.ts'
export { postgresForTests } from './postgres-for-tests.ts'
export type { PostgresOptions, PostgresServer } from './postgres-server.ts'
export { startPostgres } from './postgres-server.ts'
