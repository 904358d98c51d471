import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { openAccount } from 'accountkeeper';
import { differences, type StoreKeys } from '../../test/exchanges/sdk-runs/compare-with-truth.js';
import type { ExchangeSimulator } from '../../test/exchanges/simulator/exchange-simulator.js';
import type { BotReport } from './bot-report.js';
import { ChildBot, type ChildBotOptions } from './child-bot.js';
import { check, until } from './until.js';

export interface ExampleParts extends Omit<ChildBotOptions, 'persistence'> {
  readonly exchange: ExchangeSimulator;
  /** The symbol that is traded, as the simulator calls it; `symbol` is as the adapter calls it. Default: the same. */
  readonly marketSymbol?: string;
  /** How the adapter calls what the simulator knows by its own names. */
  readonly keys: StoreKeys;
}

/** What the bots remember of a position: an entry for each order that led to it. */
interface Memory {
  readonly entries: readonly { readonly clientId: string; readonly signalPrice: number; readonly filledAtMs: number }[];
}

/** A bot at a simulated exchange, which is killed and started again, and what its store must hold. */
export class ExampleRun {
  readonly #parts: ExampleParts;
  readonly #folder = mkdtempSync(join(tmpdir(), 'accountkeeper-example-'));
  readonly #persistence = process.env['PERSISTENCE_URL'] ?? `sqlite://${join(this.#folder, 'bot.db')}`;
  readonly #bots: ChildBot[] = [];
  /** The orders that were placed before the position of now. */
  #past = 0;

  constructor(parts: ExampleParts) {
    this.#parts = parts;
  }

  /** Lets the bot live through what a story tells. Sets the exit code. */
  async play(story: () => Promise<void>): Promise<void> {
    try {
      this.startBot();
      await story();
    } catch (error) {
      console.error(error);
      for (const { errors } of this.#bots) console.error(errors);
      process.exitCode = 1;
    } finally {
      for (const bot of this.#bots) await bot.kill();
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }

  startBot(): void {
    this.#bots.push(new ChildBot({ ...this.#parts, persistence: this.#persistence }));
  }

  /** Lets the price fall until the bot has bought. */
  async dip(price: string, entries: number): Promise<void> {
    await until(
      () => this.#setPrice(price),
      () => this.#isEqual(entries),
    );
  }

  /** Lets the price fall until the bot's order is under way, or the answer to it, and kills the bot there. */
  async killAt(price: string, arrived: Promise<unknown>): Promise<void> {
    const isThere = arrived.then(() => true);
    await until(
      () => this.#setPrice(price),
      () => Promise.race([isThere, setTimeout(20, false)]),
    );
    await this.#bot.kill();
  }

  /** Waits until the store equals the exchange, and the metadata has so many entries. */
  async untilEqual(entries: number): Promise<void> {
    await until(
      () => {},
      () => this.#isEqual(entries),
    ).catch(async (cause: unknown) => {
      const found = this.#differences(await this.#bot.report());
      throw new Error(`not equal: ${[`${this.#entriesMade().length} entries`, ...found].join('; ')}`, { cause });
    });
  }

  /** The position is closed: what is bought from now on belongs to another one. */
  positionClosed(): void {
    const { exchange } = this.#parts;
    check(exchange.truth().positions.length === 0, 'the position must be closed');
    this.#past = exchange.orders.length;
  }

  /** Lets the bot close its store, and compares what is saved. */
  async finish(orders: number): Promise<void> {
    const { exchange, symbol } = this.#parts;
    await this.#bot.close();
    const account = await openAccount<Memory>({ accountId: 'dips', persistence: this.#persistence });
    const stored = account.getSymbolMetadata(symbol);
    await account.close();
    const made = { entries: this.#entriesMade() };
    check(isDeepStrictEqual(stored, made), `the metadata is ${JSON.stringify(stored)}`);

    const isPuzzled = this.#bots.some(({ errors }) => errors.includes('not understood'));
    check(!isPuzzled, 'the bot did not understand a message');
    const buys = exchange.orders.filter(({ side }) => side === 'BUY');
    const placed = new Set(buys.map(({ clientId }) => clientId)).size;
    check(placed === buys.length && placed === orders, `the bot placed ${buys.length} orders`);
    const truth = exchange.truth();
    const held = `positions ${truth.positions.length}, orders ${truth.orders.length}, USDT ${truth.balances['USDT']}`;
    console.log(`\nStore and exchange are equal: ${held}.`);
    console.log(`Entries: ${placed} made, each order placed once; metadata lost: 0.`);
  }

  get #bot(): ChildBot {
    const bot = this.#bots.at(-1);
    if (bot === undefined) throw new Error('the bot was not started');
    return bot;
  }

  #setPrice(price: string): void {
    const { exchange, symbol, marketSymbol = symbol } = this.#parts;
    exchange.setPrice(marketSymbol, price);
  }

  async #isEqual(entries: number): Promise<boolean> {
    return this.#entriesMade().length === entries && this.#differences(await this.#bot.report()).length === 0;
  }

  /** The metadata that the bot must have. */
  #entriesMade(): Memory['entries'] {
    const orders = this.#parts.exchange.orders.slice(this.#past);
    return orders
      .filter(({ side, status }) => side === 'BUY' && status === 'FILLED')
      .map(({ clientId, priceAtCreation, updatedAtMs }) => ({
        clientId,
        signalPrice: Number(priceAtCreation),
        filledAtMs: updatedAtMs,
      }));
  }

  #differences(report: BotReport | undefined): readonly string[] {
    if (report === undefined) return ['the bot is not running'];
    const { exchange, keys } = this.#parts;
    const { positions, orders, balances, leverage, metadata = { entries: [] } } = report;
    const store = {
      getAllPositions: () => [...positions],
      getOrders: () => [...orders],
      getWalletBalances: () => ({ ...balances }),
      getSymbolLeverage: (symbol: string) => leverage[symbol],
    };
    const made = { entries: this.#entriesMade() };
    const isKnown = isDeepStrictEqual(metadata, made);
    return [
      ...differences(store, exchange.truth(), keys),
      ...(isKnown ? [] : [`metadata ${JSON.stringify(metadata)} and not ${JSON.stringify(made)}`]),
    ];
  }
}
