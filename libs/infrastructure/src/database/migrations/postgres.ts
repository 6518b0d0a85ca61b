/** The migrations of the Postgres database, in order. A released one is never changed. */
import * as initial from './postgres-0001-initial.ts'

export const postgresMigrations = { '0001-initial': initial }
