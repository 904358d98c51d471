const callbacks = new Set<() => void>();

/** One that fails must not keep the others from what is their last chance. */
function runAll(): void {
  const errors: unknown[] = [];
  for (const callback of callbacks) {
    try {
      callback();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
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
