import { type RunArguments, readRunArguments } from '../support/run-arguments.js';
import { TAKE_OVER_BACKENDS, type TakeOverBackendName } from './backends.js';
import type { FindingKind } from './known-history.js';
import { takeOverRun } from './take-over-run.js';

/** One cause has many consequences. */
const SHOWN_PER_ROUND = 10;
const NAMES = Object.keys(TAKE_OVER_BACKENDS) as TakeOverBackendName[];

async function run(
  name: TakeOverBackendName,
  { times: rounds, rate, seed }: RunArguments<TakeOverBackendName>,
): Promise<boolean> {
  console.log(`${rounds} take-overs on ${name} under ${rate} changes/s, seed ${seed}`);
  const backend = await TAKE_OVER_BACKENDS[name]();
  try {
    const { acknowledged, disturbances, fencedOwners, findings, lateArrivals, letGo } = await takeOverRun({
      backend,
      rounds,
      changesPerSecond: rate,
      seed,
      onRound: (round, result) => {
        const found = result.findings.filter((finding) => finding.round === round);
        for (const { kind, what, disturbance } of found.slice(0, SHOWN_PER_ROUND)) {
          console.error(`  round ${round} (${disturbance}): ${kind}: ${what}`);
        }
        if (found.length > SHOWN_PER_ROUND) console.error(`  and ${found.length - SHOWN_PER_ROUND} findings more`);
        if (round % 20 === 0) console.log(`  ${round} rounds, ${result.acknowledged} changes acknowledged`);
      },
    });
    const count = (kind: FindingKind): number => findings.filter((finding) => finding.kind === kind).length;
    const happened = Object.entries(disturbances).map(([what, times]) => `${what} ${times}`);
    console.log(
      `  ${happened.join(', ')}; packets of a stopped owner that arrived after the take-over: in ${lateArrivals} rounds; ` +
        `stopped owners that may have held a lock, and were let go for a moment: ${letGo}`,
    );
    console.log(
      `${name}: ${rounds} rounds: acknowledged changes ${acknowledged}, lost ${count('lost')}, torn ${count('torn')}, ` +
        `writes by a fenced writer ${count('fenced-write')}, fenced owners ${fencedOwners}, other findings ${count('other')}`,
    );
    if (findings.length > 0) console.error(`${name} FAILED: --driver ${name} --rounds ${rounds} --seed ${seed}`);
    return findings.length === 0;
  } finally {
    await backend.dispose();
  }
}

const parsed = readRunArguments('take-over', NAMES, 'rounds', 200);
let passed = true;
for (const name of parsed.names) passed = (await run(name, parsed)) && passed;
console.log(passed ? 'passed' : 'FAILED');
process.exitCode = passed ? 0 : 1;
