import { parseArgs } from 'node:util';

/** A mistake of the caller, to be told without a stack trace. */
export class UsageError extends Error {}

export const USAGE = `Usage: npm run demo -- [--input FILE.ndjson]... [--db FILE]

  --input FILE   replay these recorded messages instead of the bundled sessions; can be repeated.
                 One JSON object a line: { exchange, transport, channel, payload }, all of one exchange,
                 which is bybit-v5 or binance-usdm. An optional asOfMs is the exchange's time of a REST response.
  --db FILE      keep the accounts in this new SQLite file instead of a temporary one.
  --help         print this.`;

export interface DemoArguments {
  readonly inputs: readonly string[];
  readonly db: string | undefined;
  readonly help: boolean;
}

/** @throws UsageError */
export function readArguments(args: readonly string[]): DemoArguments {
  try {
    const options = {
      input: { type: 'string', multiple: true },
      db: { type: 'string' },
      help: { type: 'boolean' },
    } as const;
    const { values } = parseArgs({ args: [...args], options, strict: true });
    const { input: inputs = [], db, help = false } = values;
    if (inputs.includes('')) throw new UsageError('--input needs the path of a file');
    if (db === '') throw new UsageError('--db needs the path of a file');
    return { inputs, db, help };
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(error instanceof Error ? error.message : String(error));
  }
}
