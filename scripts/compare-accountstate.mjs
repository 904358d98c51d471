// Compares the drop-in `accountkeeper/accountstate` with the package that it stands in for: random sequences of calls run
// on both, or on a subclass of both, and after each call all answers are compared. Differences that docs/coming-from-accountstate.md lists are
// counted by name; any other is printed, and makes the run fail.
//
// node --import tsx scripts/compare-accountstate.mjs PATH [--sequences 3000] [--calls 60]
//
// PATH is a checkout or a bare git directory of the public source of accountstate.
import { parseArgs } from 'node:util';
import * as dropIn from '../src/compat/accountstate/index.ts';
import { Random } from '../test/contract/random.ts';
import { loadOriginal } from './compare-accountstate/original.mjs';
import { Pair } from './compare-accountstate/pair.mjs';
import { randomCall } from './compare-accountstate/random-call.mjs';
import { SUBCLASSES } from './compare-accountstate/subclasses.mjs';
import { Tally } from './compare-accountstate/tally.mjs';

const options = { sequences: { type: 'string', default: '3000' }, calls: { type: 'string', default: '60' } };
const { positionals, values } = parseArgs({ options, allowPositionals: true });
const [path = process.env.ACCOUNTSTATE_SOURCE] = positionals;
if (path === undefined) throw new Error('which source? Name a checkout or a git directory of accountstate');

const original = loadOriginal(path);
const tally = new Tally();
tally.sameNames(Object.keys(original), Object.keys(dropIn));
for (let seed = 0; seed < Number(values.sequences); seed += 1) {
  const random = new Random(seed, 'compare');
  const pair = new Pair(original, dropIn, tally, random.pick(SUBCLASSES));
  for (let index = 0; index < Number(values.calls); index += 1) {
    await pair.run(randomCall(random), `seed ${seed}, call ${index}`);
  }
  pair.finish(`seed ${seed}, at the end`);
}
console.log(tally.report());
if (tally.unexplained > 0) process.exitCode = 1;
