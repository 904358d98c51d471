import { readFileSync } from 'node:fs';
import { Fields } from '../exchange-fields.js';
import { parseExchangeJson } from '../exchange-json.js';
import type { ExchangeMessage } from '../exchange-message.js';
import { UsageError } from './arguments.js';
import { EXCHANGES, type Exchange } from './exchanges.js';

/** The messages of one account, in the order in which they came. */
export interface Session {
  readonly exchange: Exchange;
  readonly messages: readonly ExchangeMessage[];
}

/** Reads a file of recorded messages, one JSON object a line. @throws UsageError */
export function readSession(path: string): Session {
  const lines = readLines(path);
  const names = new Set<string>();
  const messages = lines.map((line, index) => {
    try {
      const fields = new Fields(parseExchangeJson(line), 'message');
      names.add(fields.oneOf('exchange', Object.fromEntries(Object.keys(EXCHANGES).map((name) => [name, name]))));
      return readMessage(fields);
    } catch (error) {
      throw new UsageError(`${path}, message ${index + 1}: ${error instanceof Error ? error.message : String(error)}`);
    }
  });
  const [name = '', ...others] = names;
  const exchange = EXCHANGES[name];
  if (exchange === undefined) throw new UsageError(`${path}: there is no message in it`);
  if (others.length > 0) throw new UsageError(`${path}: all messages have to be of one exchange`);
  return { exchange, messages };
}

function readMessage(fields: Fields): ExchangeMessage {
  return {
    transport: fields.oneOf('transport', { rest: 'rest', ws: 'ws' } as const),
    channel: fields.text('channel'),
    payload: fields.raw('payload'),
    asOfMs: fields.numberIfGiven('asOfMs'),
  };
}

function readLines(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '');
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new UsageError(`${path} cannot be read (${reason})`);
  }
}
