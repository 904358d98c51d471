/**
 * `node --import tsx test/exchanges/sdk-runs/main.ts [venue …]`: runs the script at the venues, all of them by default, and
 * prints how many steps left the store equal to the exchange.
 *
 * Exit codes: 0, 1 when a step left a difference, 2 for a venue that is not known.
 */
import { runScript } from './run-script.js';
import { VENUES } from './venues.js';

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !Object.hasOwn(VENUES, name));
if (unknown.length > 0) {
  console.error(`expected venues of ${Object.keys(VENUES).join(', ')}; received ${unknown.join(', ')}`);
  process.exitCode = 2;
} else {
  const rows: Record<string, string | number>[] = [];
  const differences: string[] = [];
  for (const name of asked.length > 0 ? asked : Object.keys(VENUES)) {
    for (const mode of VENUES[name] ?? []) {
      const venue = await mode.open();
      const results = await runScript(venue, mode.isHedge).finally(() => venue.stop());
      const unequal = results.filter((result) => result.differences.length > 0);
      rows.push({ venue: name, mode: mode.name, steps: results.length, equal: results.length - unequal.length });
      for (const step of unequal) differences.push(`${name}, ${mode.name}, ${step.name}:`, ...step.differences);
    }
  }
  console.table(rows);
  for (const line of differences) console.log(line);
  // The SDK of Binance leaves the timer of its listen key running, also when it is closed.
  process.exit(differences.length > 0 ? 1 : 0);
}
