const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const LONG_INTEGER = /^-?\d{16,}$/;

/**
 * `JSON.parse` for what exchanges send: an integer of 16 digits or more becomes a string. Some of Binance's order ids
 * have 19 digits, a double holds 15 to 17, and `JSON.parse` would round two orders to the same id.
 */
export function parseExchangeJson<Value = unknown>(text: string): Value {
  return JSON.parse(text.replace(STRING_OR_NUMBER, (token) => (LONG_INTEGER.test(token) ? `"${token}"` : token)));
}
