/** A bot as a process of its own: `bot-process.ts MODULE SYMBOL OPTIONS`. Its parent can ask what the store holds. */
import type { AccountStateStore } from 'accountkeeper';
import type { BotReport, BotRequest } from './bot-report.js';

const [module = '', symbol = '', options = '{}'] = process.argv.slice(2);
const { startBot }: { startBot(options: unknown): Promise<AccountStateStore> } = await import(module);
const account = await startBot(JSON.parse(options));

process.on('message', (request: BotRequest) => {
  if (request === 'report') process.send?.(reported());
  else void account.close().then(() => process.exit());
});
process.on('disconnect', () => process.exit(1));

function reported(): BotReport {
  return {
    positions: account.getAllPositions(),
    orders: account.getOrders(),
    balances: account.getWalletBalances(),
    leverage: account.getSymbolLeverageCache(),
    metadata: account.getSymbolMetadata(symbol),
  };
}
