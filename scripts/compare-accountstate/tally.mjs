const SHOWN = 5;
const MAX_LENGTH = 1_000;

/** Counts what was compared, and what was found. */
export class Tally {
  unexplained = 0;
  #compared = 0;
  #explained = new Map();
  #shown = [];

  compared() {
    this.#compared += 1;
  }

  /** A difference that the documentation lists. */
  explained(rule) {
    this.#explained.set(rule, (this.#explained.get(rule) ?? 0) + 1);
  }

  differs(where, theirs, ours) {
    this.unexplained += 1;
    if (this.#shown.length < SHOWN)
      this.#shown.push(`${where}\n  accountstate: ${show(theirs)}\n  drop-in: ${show(ours)}`);
  }

  /** Whether every export of the original is one of the drop-in. */
  sameNames(theirs, ours) {
    for (const name of theirs) if (!ours.includes(name)) this.differs('exports', name, 'is missing');
  }

  report() {
    const rules = [...this.#explained].sort().map(([rule, count]) => `${String(count).padStart(10)}  ${rule}`);
    return [
      ...this.#shown,
      `answers compared: ${this.#compared}`,
      'documented differences:',
      ...rules,
      `unexplained differences: ${this.unexplained}`,
    ].join('\n');
  }
}

function show(value) {
  const text = JSON.stringify(value, (_, each) => (Number.isNaN(each) ? 'NaN' : each)) ?? String(value);
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text;
}
