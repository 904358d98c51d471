import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ContractSubject } from '../../test/contract/index.js';
import { redactUrl } from '../core/shared/redact.js';
import { SUBJECT_URL_VARIABLE, urlSubject } from './url-target.js';
import { oneLine, UsageError } from './usage.js';

/** With two letters at least: one is the drive of a path. */
const URL_SCHEME = /^[a-z][a-z0-9+.-]+:/i;

const OPEN_TIMEOUT_MS = 15_000;

/**
 * The subject to test. A URL is left in the environment, where a second process finds it.
 *
 * @throws `UsageError` when the URL or the module is not right, or the backend of the URL cannot be opened
 */
export async function contractTarget(target: string, cwd: string): Promise<ContractSubject> {
  if (!URL_SCHEME.test(target) || /^file:/i.test(target)) return moduleSubject(target, cwd);
  if (/^sqlite:(?:\/\/)?:memory:/i.test(target)) {
    throw new UsageError(
      'expected a database that drivers share, received sqlite::memory:, of which each driver has its own',
    );
  }
  const subject = urlSubject(target);
  await checkOpens(subject);
  process.env[SUBJECT_URL_VARIABLE] = target;
  return subject;
}

/** Where nothing can be opened, each clause would fail, one time limit after the other. */
async function checkOpens(subject: ContractSubject): Promise<void> {
  let driver: ReturnType<ContractSubject['createDriver']>;
  try {
    driver = subject.createDriver();
  } catch (error) {
    throw new UsageError(oneLine(error));
  }
  try {
    await driver.open({ timeoutMs: OPEN_TIMEOUT_MS });
  } catch (error) {
    throw new UsageError(`${subject.name} cannot be opened: ${oneLine(error)}`);
  } finally {
    // How the close goes is a matter of the contract.
    await Promise.allSettled([driver.close({ timeoutMs: OPEN_TIMEOUT_MS })]);
  }
}

async function moduleSubject(target: string, cwd: string): Promise<ContractSubject> {
  const path = /^file:/i.test(target) ? fileURLToPath(target) : resolve(cwd, target);
  const url = pathToFileURL(path);
  const shown = JSON.stringify(redactUrl(target));
  let exports: { readonly default?: unknown };
  try {
    exports = (await import(url.href)) as typeof exports;
  } catch (error) {
    throw new UsageError(`${shown} cannot be imported: ${oneLine(error)}`);
  }
  const subject = exports.default;
  if (!isSubject(subject)) {
    throw new UsageError(`${shown}: expected a default export { name, createDriver, faults? }`);
  }
  // The module itself, unless it names another one, or none on purpose.
  const module = 'module' in subject ? subject.module : url;
  return {
    name: subject.name,
    createDriver: (options) => subject.createDriver(options),
    ...(subject.faults === undefined ? {} : { faults: subject.faults }),
    ...(subject.execArgv === undefined ? {} : { execArgv: subject.execArgv }),
    ...(subject.secrets === undefined ? {} : { secrets: subject.secrets }),
    ...(module === undefined ? {} : { module }),
  };
}

function isSubject(value: unknown): value is ContractSubject {
  if (typeof value !== 'object' || value === null) return false;
  const { name, createDriver } = value as Partial<Record<string, unknown>>;
  return typeof name === 'string' && typeof createDriver === 'function';
}
