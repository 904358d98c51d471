import { redactUrl } from '../core/redact.js';
import type { CliIo } from './cli-io.js';
import { contractCommand } from './contract-command.js';
import { doctorCommand } from './doctor-command.js';
import { EXIT } from './exit-codes.js';
import { packageVersion } from './package-version.js';
import { USAGE } from './usage.js';
import { UsageError } from './usage-error.js';

type Command = (argv: readonly string[], io: CliIo) => Promise<number>;

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ['contract', contractCommand],
  ['doctor', doctorCommand],
]);

/**
 * Runs a command line, without the program's name.
 *
 * @returns the exit code: 0 for success, 1 for a failure that was found, 2 for arguments that are not right, 3 for
 * a backend with warnings (`doctor`).
 */
export async function run(argv: readonly string[], io: CliIo): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    io.stdout.write(USAGE);
    return name === undefined ? EXIT.usage : EXIT.ok;
  }
  if (name === '--version' || name === '-v') {
    io.stdout.write(`${await packageVersion()}\n`);
    return EXIT.ok;
  }
  try {
    const command = COMMANDS.get(name);
    if (command === undefined) {
      const known = [...COMMANDS.keys()].join(', ');
      throw new UsageError(`command: received ${JSON.stringify(redactUrl(name))}, allowed are ${known}`);
    }
    return await command(rest, io);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    io.stderr.write(`accountkeeper: ${error.message}\n`);
    return EXIT.usage;
  }
}
