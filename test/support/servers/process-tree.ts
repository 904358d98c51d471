import { readdirSync, readFileSync } from 'node:fs';

interface ProcessState {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
}

/** Whether a process runs; one that has ended and was not yet collected by its parent does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return stateOf(String(pid))?.state !== 'Z';
}

/** How long a process may take to stand still after SIGSTOP, in ms. */
const STOP_LIMIT_MS = 2_000;

/** Stops a process and all of its descendants in their tracks, each thread of them. Returns their ids. */
export function stopTree(root: number): readonly number[] {
  const stopped = new Set<number>();
  // A child may have been born just before its parent was stopped: look again until there is no new one.
  for (let found = [root]; found.length > 0; found = descendantsOf(root).filter((pid) => !stopped.has(pid))) {
    for (const pid of found) {
      stopped.add(pid);
      signal(pid, 'SIGSTOP');
    }
  }
  // The signal is on its way when kill(2) returns: a thread may still answer a request.
  const giveUpAt = performance.now() + STOP_LIMIT_MS;
  while (![...stopped].every(standsStill) && performance.now() < giveUpAt) Atomics.wait(PAUSE, 0, 0, 1);
  return [...stopped];
}

const PAUSE = new Int32Array(new SharedArrayBuffer(4));

/** Whether each thread of a process is stopped, or has ended. */
function standsStill(pid: number): boolean {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    return threads.every((thread) => /^[TtZX]$/.test(stateOf(`${pid}/task/${thread}`, pid)?.state ?? 'X'));
  } catch {
    // It has ended.
    return true;
  }
}

/** SIGKILL to a process and all of its descendants, also to those with a process group of their own. Returns their ids. */
export function killTree(root: number): readonly number[] {
  const pids = stopTree(root);
  for (const pid of pids) signal(pid, 'SIGKILL');
  return pids;
}

/** SIGCONT, children first, so that a parent finds them answering. */
export function continueTree(root: number): void {
  for (const pid of [root, ...descendantsOf(root)].reverse()) signal(pid, 'SIGCONT');
}

export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Parents before their children. */
export function descendantsOf(root: number): readonly number[] {
  const children = new Map<number, number[]>();
  for (const { pid, parent } of allProcesses()) children.set(parent, [...(children.get(parent) ?? []), pid]);
  const found: number[] = [];
  const walk = (pid: number): void => {
    for (const child of children.get(pid) ?? []) {
      found.push(child);
      walk(child);
    }
  };
  walk(root);
  return found;
}

function allProcesses(): readonly ProcessState[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => stateOf(name) ?? []);
}

/** @param place - below /proc: of a process, or of one of its threads. */
function stateOf(place: string, pid: number = Number(place)): ProcessState | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${place}/stat`, 'latin1');
  } catch {
    // It has ended.
    return undefined;
  }
  // "pid (command) state parent …", and a command may hold spaces and parentheses.
  const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === undefined || parent === undefined ? undefined : { pid, parent: Number(parent), state };
}
