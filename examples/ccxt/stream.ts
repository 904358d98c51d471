import type ccxt from 'ccxt';

/** Bybit, as ccxt connects to it. */
type Bybit = InstanceType<typeof ccxt.pro.bybit>;

/** Positions, orders and balances: Bybit confirms each. */
const TOPICS = 3;

/**
 * Finds the connection on which everything of the account comes, because Bybit has confirmed all topics; `undefined`
 * while there is none. Each loss ends one. Call it before `followCcxt`.
 */
export function watchConnection(exchange: Bybit): () => object | undefined {
  const confirmed = new WeakMap<object, number>();
  exchange.handleSubscriptionStatus = (connection, message) => {
    confirmed.set(connection, (confirmed.get(connection) ?? 0) + 1);
    return message;
  };
  return () => Object.values(exchange.clients).find((connection) => confirmed.get(connection) === TOPICS);
}
