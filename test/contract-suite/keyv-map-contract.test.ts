import { describe, it } from 'vitest';
import { runDriverContract } from '../contract/index.js';
import { keyvMapSubject } from './subjects/keyv-map-subject.js';

const module = new URL('./fixtures/keyv-map-module.ts', import.meta.url);
const subject = { ...keyvMapSubject(), module, execArgv: ['--import', 'tsx'] };

runDriverContract({ describe, it }, subject, { require: 'claimed' });
