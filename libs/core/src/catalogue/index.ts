export {
  CATALOGUE_PROVIDERS,
  Catalogue,
  type CatalogueData,
  type CatalogueProvider,
  type CatalogueRow,
  type FoundRow,
  isCatalogueProvider,
  type NamedCatalogue,
} from './catalogue.ts'
export { builtInCatalogue, catalogueChecker, readCatalogue, readJson } from './catalogue-file.ts'
export { type Imported, type ImportOptions, importLiteLlm } from './from-litellm.ts'
