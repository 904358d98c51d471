// The smallest bot with a memory: run it twice, and the second run counts on.
import { openAccount } from 'accountkeeper';

const account = await openAccount<{ entries: number }>({ accountId: 'demo', persistence: 'sqlite://./state.db' });
account.updateSymbolMetadata('BTCUSDT', (previous) => ({ entries: (previous?.entries ?? 0) + 1 }));
console.log('entries so far:', account.getSymbolMetadata('BTCUSDT')?.entries);
await account.close();
