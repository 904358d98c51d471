/** A property key or an array index, or a step that is written as it is, such as `.get("key")`. */
export type PathStep = string | number | { readonly verbatim: string };

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** Such as `$.trailing.stops[3]["stop price"]`. */
export function formatPath(steps: readonly PathStep[]): string {
  let path = '$';
  for (const step of steps) path += formatStep(step);
  return path;
}

function formatStep(step: PathStep): string {
  if (typeof step === 'object') return step.verbatim;
  return typeof step === 'string' && IDENTIFIER.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
}
