import { expect, it } from 'vitest';
import { callsOn } from './traced-writer.js';

it('reads a call in one piece that the trace shows in two', () => {
  const trace = [
    '12 fsync(3</tmp/x/spills> <unfinished ...>',
    '13 write(1<pipe:[7]>, "x", 1)           = 1',
    '12 <... fsync resumed>)                 = 0',
    '12 link("/tmp/x/spills/a.unfinished", "/tmp/x/spills/a" <unfinished ...>',
    '13 <... futex resumed>)                 = 0',
    '12 <... link resumed>)                  = -1 EPERM (Operation not permitted)',
  ].join('\n');
  expect(callsOn('/tmp/x/spills', trace)).toEqual([
    { name: 'fsync', target: '/tmp/x/spills', succeeded: true },
    { name: 'link', target: '/tmp/x/spills/a', succeeded: false },
  ]);
});
