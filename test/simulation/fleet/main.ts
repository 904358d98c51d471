import type { DriverMutant } from '../world/backend.js';
import { FleetWorld } from './fleet-world.js';

/**
 * Simulates one fleet, and says what came of it: one line of JSON.
 *
 * Arguments: seed, workers, accounts, faults, and optionally what is wrong with the driver.
 */
const [seed = 0, workers = 1, accounts = 1, faults = 0] = process.argv.slice(2, 6).map(Number);
const mutant = process.argv[6] as DriverMutant | undefined;
const result = await new FleetWorld({ seed, workers, slots: 4 * workers, accounts, faults, mutant }).run();
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit());
