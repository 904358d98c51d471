/** How the commands end. */
export const EXIT = {
  /** All passed; the backend is usable. */
  ok: 0,
  /** A clause failed, or the required level was missed; the backend is unusable. */
  failed: 1,
  /** The arguments, the URL or the module are not right. */
  usage: 2,
  /** The backend is usable, with a setting that weakens a promise. */
  warnings: 3,
} as const;
