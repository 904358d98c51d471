import { binanceWording } from './binance-wording.js';
import { bybitWording } from './bybit-wording.js';
import { playScenario } from './scenario.js';

const LONG_NUMBER = /"(\d{19})"/g;

/** The bundled sessions, by the name of their file: one message a line. */
export function sessionTexts(): ReadonlyMap<string, string> {
  const sessions = [playScenario(bybitWording, 1), playScenario(binanceWording, 1.037)];
  return new Map(
    sessions.map((messages) => {
      const lines = messages.map((message) => JSON.stringify(message).replace(LONG_NUMBER, '$1'));
      return [`${messages[0]?.exchange}.ndjson`, `${lines.join('\n')}\n`];
    }),
  );
}
