import { AccountStateStore } from 'accountkeeper';
import type { MessageOutcome } from 'accountkeeper/bybit';
import { TradingEngine } from '../engine.js';
import type { EngineMetadata, SymbolMetadata } from '../engine-metadata.js';
import { type MetadataRecords, metadataRecords } from './metadata-records.js';
import type { Session } from './session-file.js';

/** The result of a session for a bot that is never interrupted. */
export interface ReferenceRun {
  /** The metadata after so many messages: one more entry than there are messages. */
  readonly history: readonly MetadataRecords[];
  /** The result of each message. */
  readonly outcomes: readonly MessageOutcome[];
}

/** Replays a session in memory, without any persistence. */
export function runReference({ exchange, messages }: Session): ReferenceRun {
  const account = new AccountStateStore<SymbolMetadata, EngineMetadata>();
  const engine = new TradingEngine(account, exchange.applyMessage);
  const history = [metadataRecords(account)];
  const outcomes = messages.map((message) => {
    const outcome = engine.process(message);
    history.push(metadataRecords(account));
    return outcome;
  });
  return { history, outcomes };
}
