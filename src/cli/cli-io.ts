/** Where a command writes to. */
export interface CliOutput {
  write(text: string): unknown;
  /** Whether somebody looks at it: colours are for them alone. */
  readonly isTTY?: boolean | undefined;
}

/** What the command line uses of the process that it runs in. */
export interface CliIo {
  readonly stdout: CliOutput;
  readonly stderr: CliOutput;
  /** `NO_COLOR` is read from it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What relative paths of modules are relative to. */
  readonly cwd: string;
}
