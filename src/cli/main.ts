#!/usr/bin/env node
import { run } from './run.js';

/** How long what a driver left behind may keep the process alive after the command has ended. */
const LINGER_MS = 1000;

process.exitCode = await run(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
});
setTimeout(() => process.exit(), LINGER_MS).unref();
