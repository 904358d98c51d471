import {
  type ClauseNeed,
  CONFORMANCE_LEVELS,
  type ContractClause,
  contractClauses,
  levelOf,
  NEED_MEANINGS,
} from '../contract/index.js';

const INTRODUCTION = `# The driver contract

<!-- Generated from the suite by scripts/generate-contract-docs.mjs; a test compares the two. -->

Every driver has to pass every clause that its declared capabilities bring in, on a real backend. Each clause has a stable id and is one test, whose name begins with the id. The suite runs under any test runner that has \`describe\` and \`it\` (\`runDriverContract\` of \`accountkeeper/contract\`), and from the command line: \`npx accountkeeper contract <url | module>\`.

The suite tests what the driver claims. It skips what it has no means to test, and never counts that as passed; a clause of which a part was skipped does not count as passed either. The \`faults\` of the subject give control over the backend (stop, start, pause, failures). Each of them is optional.

## Levels

A driver reaches a level when it passes every clause it claims at that level and below.

| level | what it stands for |
|---|---|
| \`basic\` | round trip, isolation, keys, deletes, failures, close |
| \`durable\` | what was acknowledged survives SIGKILL, too |
| \`atomic\` | a commit is stored wholly or not at all, too |
| \`safe\` | every clause, conditional commit included: the level that the library's promise needs |

A run also reports the level in fair weather: the same, but without the clauses that need a fault which the subject cannot make. A run on a URL can prove that level.
`;

const LEGEND = `## What clauses need

A clause needs a claim of the driver, or something that the subject of the test brings. Without the claim, the clause has nothing to test. Without what the subject could bring, the clause stays unproven. A need in parentheses belongs to a part: the suite tests the rest of the clause without it.

| need | the driver, or the subject |
|---|---|
`;

/** The text of docs/contract.md. */
export function contractPage(): string {
  const groups = new Set(contractClauses.map(({ group }) => group));
  const sections = Array.from(groups, (group) => {
    const rows = contractClauses.filter((clause) => clause.group === group).map(row);
    return `## ${group[0]?.toUpperCase()}${group.slice(1)}\n\n| id | clause | level | needs |\n|---|---|---|---|\n${rows.join('')}`;
  });
  const counts = CONFORMANCE_LEVELS.map((level) => {
    const clauses = contractClauses.filter((clause) => levelOf(clause) === level);
    return `\`${level}\` ${clauses.length}`;
  });
  const total = `The ${contractClauses.length} clauses, by the level that each belongs to: ${counts.join(', ')}.\n`;
  const needs = Object.entries(NEED_MEANINGS).map(([need, meaning]) => `| ${need} | ${meaning} |\n`);
  return `${[INTRODUCTION, total, ...sections].join('\n')}\n${LEGEND}${needs.join('')}`;
}

function row(clause: ContractClause): string {
  const parts: readonly ClauseNeed[] = clause.partNeeds ?? [];
  const needs = [...clause.needs, ...parts.map((need) => `(${need})`)].join(', ');
  return `| ${clause.id} | ${cell(clause.title)} | \`${levelOf(clause)}\` | ${needs} |\n`;
}

/** Text that a table may hold. */
function cell(text: string): string {
  return text.replace(/[\\|<*_`]/g, '\\$&');
}
