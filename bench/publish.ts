import { publish } from './report/publish.js';

/** `npm run bench:docs`: writes docs/performance.md and its plots from bench/results. */
publish();
