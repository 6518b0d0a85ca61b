export type { DatedPrice, PricePeriod } from './dated-price.ts'
export {
  type NewPrice,
  PriceAdministration,
  type PriceAdministrationOptions,
} from './price-administration.ts'
export { CONFIGURED_PRICES, PriceList, type Prices } from './price-list.ts'
export type { PriceChange, PriceStore, RevisedPrices } from './price-store.ts'
