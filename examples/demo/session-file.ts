import { readFileSync } from 'node:fs';
import { parseExchangeJson } from 'accountkeeper/binance';
import type { RecordedMessage } from '../recorded-message.js';
import { UsageError } from './arguments.js';
import { EXCHANGES, type Exchange } from './exchanges.js';

/** The messages of one account, in the order in which they came. */
export interface Session {
  readonly exchange: Exchange;
  readonly messages: readonly RecordedMessage[];
}

/** Reads a file of recorded messages, one JSON object a line. @throws UsageError */
export function readSession(path: string): Session {
  const lines = readLines(path);
  const names = new Set<string>();
  const messages = lines.map((line, index) => {
    try {
      const { exchange, ...message } = readMessage(line);
      names.add(exchange);
      return message;
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

function readMessage(line: string): RecordedMessage & { readonly exchange: string } {
  const message: unknown = parseExchangeJson(line);
  if (typeof message !== 'object' || message === null) throw new TypeError('expected an object');
  const { exchange, transport, channel, payload, asOfMs } = message as Readonly<Record<string, unknown>>;
  if (typeof exchange !== 'string' || !Object.hasOwn(EXCHANGES, exchange)) {
    throw new TypeError(`exchange: expected one of ${Object.keys(EXCHANGES).join(', ')}, received ${exchange}`);
  }
  if (transport !== 'rest' && transport !== 'ws')
    throw new TypeError(`transport: expected rest or ws, received ${transport}`);
  if (typeof channel !== 'string') throw new TypeError(`channel: expected a text, received ${channel}`);
  return { exchange, transport, channel, payload, asOfMs: typeof asOfMs === 'number' ? asOfMs : undefined };
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
