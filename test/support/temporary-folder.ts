import { mkdtempSync } from 'node:fs';
import { privateFolderPrefix, rememberFolder } from './servers/left-overs.js';

/**
 * Makes a folder that is removed when the process of the tests ends, and not before: a store that a test abandons, as a
 * crash would, may write for a moment longer.
 */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(`${privateFolderPrefix()}${name}-`);
  rememberFolder(folder);
  return folder;
}
