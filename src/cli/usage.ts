import { isAccountKeeperError } from '../core/errors.js';
import { redactUrl } from '../core/shared/redact.js';

/** The text of `--help`. */
export const USAGE = `Usage: accountkeeper <command> [options]

Commands
  contract <url | module>  Tests a driver against the contract that every driver keeps, and prints the level that was proven.
  doctor <url>             Tells whether a backend is usable, and which of its settings weaken a promise.
  watch <account> [url]    Shows an account live, and what changes in it, until Ctrl-C.

  <url>     what openAccount takes as persistence, such as sqlite://./state.db; watch takes ACCOUNTKEEPER_URL from the
            environment where it is not given
  <module>  the path of an ES module whose default export is { name, createDriver, faults? }. Unless it says otherwise
            by a property module, a second process imports it again: it must lead to the same backend there.

Options of contract
  --reporter <name>   readable (default), tap or json; --tap and --json are short for the last two
  --clause <id>       run this clause only; can be repeated
  --require <level>   basic, durable, atomic, safe: fail when less was proven; claimed: fail when anything is unproven
                      that the driver claims; fair-weather: the same, but for what needs a fault
  --seed <n>          what generated ids and values come from (default 1)
  --timeout <ms>      how long one clause may take (default 60000)

  A URL comes without control over its backend: what needs a fault of it is skipped, so that its level is one in fair
  weather, and the report says which faults a module would have to bring. What the run has written is dropped at its end,
  under prefixes of its own that begin with ct-; the heads of dropped accounts stay.

Options of doctor
  --json              print one JSON object
  --timeout <ms>      how long one operation may take (default 10000)

Options of watch
  --json              print one JSON object a line
  --poll <ms>         how often the account's head is read (default 50)

Other options
  --help, --version

Exit codes
  0  passed, usable
  1  a clause failed or the required level was missed; unusable
  2  the arguments, the URL or the module are not right, or the backend of the URL cannot be opened
  3  usable, with warnings (doctor)
`;

/** A mistake that the user can correct. The message is one line, without credentials. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError';
}

/** Turns a thrown value into one line that may be shown. */
export function oneLine(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  const line = text.split('\n', 1)[0] ?? '';
  // The messages of this library carry no credentials; those of others may.
  return isAccountKeeperError(thrown) ? `${thrown.code}: ${line}` : redactUrl(line);
}
