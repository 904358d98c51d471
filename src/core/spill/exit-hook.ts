const callbacks = new Set<() => void>();

function runAll(): void {
  for (const callback of callbacks) callback();
}

/**
 * Calls back when the process exits, also after an uncaught error or `process.exit()`. Nothing asynchronous runs any
 * more then. A process that a signal ends does not call.
 *
 * @returns what takes it back.
 */
export function onProcessExit(callback: () => void): () => void {
  if (callbacks.size === 0) process.on('exit', runAll);
  callbacks.add(callback);
  return () => {
    callbacks.delete(callback);
    if (callbacks.size === 0) process.off('exit', runAll);
  };
}
