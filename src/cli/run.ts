import { createRequire } from 'node:module';
import { redactUrl } from '../core/shared/redact.js';
import { type CliIo, EXIT } from './cli-io.js';
import { watchCommand } from './commands/watch-command.js';
import { contractCommand } from './contract-command.js';
import { doctorCommand } from './doctor-command.js';
import { USAGE, UsageError } from './usage.js';

type Command = (argv: readonly string[], io: CliIo) => Promise<number>;

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ['contract', contractCommand],
  ['doctor', doctorCommand],
  ['watch', watchCommand],
]);

/**
 * Runs a command line, without the program's name.
 *
 * @returns the exit code: 0 for success, 1 for a failure that was found, 2 for arguments that are not right, 3 for
 * a backend with warnings (`doctor`).
 */
export async function run(argv: readonly string[], io: CliIo): Promise<number> {
  const [name = 'nothing', ...rest] = argv;
  const command = COMMANDS.get(name);
  const helpOptions = command === undefined ? [name] : rest;
  if (argv.length === 0 || name === 'help' || helpOptions.includes('--help') || helpOptions.includes('-h')) {
    io.stdout.write(USAGE);
    return argv.length === 0 ? EXIT.usage : EXIT.ok;
  }
  if (name === '--version' || name === '-v') {
    const { version } = createRequire(import.meta.url)('accountkeeper/package.json') as { readonly version: string };
    io.stdout.write(`${version}\n`);
    return EXIT.ok;
  }
  try {
    if (command === undefined) {
      const known = [...COMMANDS.keys()].join(', ');
      throw new UsageError(`command: expected one of ${known}, received ${JSON.stringify(redactUrl(name))}`);
    }
    return await command(rest, io);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    io.stderr.write(`accountkeeper: ${error.message}\n`);
    return EXIT.usage;
  }
}
