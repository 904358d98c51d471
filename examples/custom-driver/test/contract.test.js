// @ts-check
import { describe, it } from 'node:test';
import { runDriverContract } from 'accountkeeper/contract';
import subject from '../contract-subject.js';

runDriverContract({ describe, it }, subject, {
  require: 'claimed',
  onReport: ({ level, claimed, results }) => {
    const count = (/** @type {string} */ status) => results.filter((each) => each.status === status).length;
    const counts = ['passed', 'failed', 'partial', 'no means', 'not claimed'].map((each) => `${count(each)} ${each}`);
    console.log(`conformance level: ${level} (claimed: ${claimed}; clauses: ${counts.join(', ')})`);
  },
});
