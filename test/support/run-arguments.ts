import { parseArgs } from 'node:util';

/** What a run on real servers is told by its command line. */
export interface RunArguments<Name extends string> {
  /** The backends to run on: the one of `--driver`, or all of them. */
  readonly names: readonly Name[];
  /** How often, by an option of its own: `--restarts`, … */
  readonly times: number;
  /** Changes a second. */
  readonly rate: number;
  readonly seed: number;
}

/** Reads the arguments; ends the process with 2 and the usage when they are not right. */
export function readRunArguments<Name extends string>(
  command: string,
  known: readonly Name[],
  timesOption: string,
  defaultTimes: number,
): RunArguments<Name> {
  try {
    const { values } = parseArgs({
      options: {
        driver: { type: 'string', default: 'all' },
        [timesOption]: { type: 'string', default: String(defaultTimes) },
        rate: { type: 'string', default: '1000' },
        seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      },
    });
    const { driver } = values;
    const names = known.filter((name) => driver === 'all' || driver === name);
    if (names.length === 0) throw new Error(`--driver: received ${driver}, allowed are ${known.join(', ')}, all`);
    const numberOf = (name: string): number => {
      const value = Number(values[name]);
      if (Number.isSafeInteger(value) && value >= 1) return value;
      throw new Error(`--${name}: received ${values[name]}, allowed is an integer from 1`);
    };
    return { names, times: numberOf(timesOption), rate: numberOf('rate'), seed: numberOf('seed') };
  } catch (error) {
    const usage = `npm run ${command} -- [--driver ${known.join('|')}|all] [--${timesOption} ${defaultTimes}] [--rate 1000] [--seed N]`;
    process.stderr.write(`${error instanceof Error ? error.message : error}\nusage: ${usage}\n`);
    process.exit(2);
  }
}
