export { RedisSums } from './redis-sums.ts'
