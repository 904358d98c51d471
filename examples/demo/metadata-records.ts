import type { EngineMetadata, SymbolMetadata } from '../engine-metadata.js';

/** All metadata of an account, by the key of its record. */
export type MetadataRecords = Readonly<Record<string, SymbolMetadata | EngineMetadata>>;

interface MetadataSource {
  getAccountMetadata(): EngineMetadata | undefined;
  getAllSymbolMetadata(): Readonly<Record<string, SymbolMetadata>>;
}

/** The account's present metadata. It is frozen, so this copies nothing. */
export function metadataRecords(account: MetadataSource): MetadataRecords {
  const symbols = Object.entries(account.getAllSymbolMetadata());
  const accountMetadata = account.getAccountMetadata();
  return Object.fromEntries([
    ...(accountMetadata === undefined ? [] : [['account/metadata', accountMetadata] as const]),
    ...symbols.map(([symbol, metadata]) => [`metadata/${symbol}`, metadata] as const),
  ]);
}

/** The records that are not the same objects as before: every change replaces the object. */
export function changedRecords(before: MetadataRecords, now: MetadataRecords): MetadataRecords {
  return Object.fromEntries(Object.entries(now).filter(([key, metadata]) => before[key] !== metadata));
}
