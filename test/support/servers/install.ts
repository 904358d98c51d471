import { requirePrograms } from '../programs.js';
import { serverPrograms } from './server-programs.js';

/** For vitest's `globalSetup`: all servers are installed before the first test runs, or one line per missing program says how. */
export default function setup(): void {
  requirePrograms(serverPrograms);
}
