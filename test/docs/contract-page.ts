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

Every driver passes every clause that its declared capabilities bring in, on a real backend. Each clause has a stable id and is one test, whose name begins with the id. The suite runs under any test runner that has \`describe\` and \`it\` (\`runDriverContract\` of \`accountkeeper/contract\`), and from the command line: \`npx accountkeeper contract <url | module>\`.

What is not claimed is not tested. What there are no means to test is skipped and never counted as passed: neither is a clause of which a part was skipped. Control over the backend (stop, start, pause, failures) comes from the \`faults\` of the subject, each of them optional.

## Levels

A run proves the highest level of which, and of all before it, every clause has passed that the driver claims.

| level | what it stands for |
|---|---|
| \`basic\` | round trip, isolation, keys, deletes, failures, close |
| \`durable\` | what was acknowledged survives SIGKILL, too |
| \`atomic\` | a commit is stored wholly or not at all, too |
| \`safe\` | every clause, conditional commit included: the level that the library's promise needs |

A run also tells the level in fair weather: the same, but without what needs a fault of the backend that the subject cannot make. It is the level that a run on a URL can prove.
`;

const LEGEND = `## What clauses need

A need of a clause is a claim of the driver or something that the subject of the test brings. Where a claim is missing, the clause has nothing to test; where something is missing that the subject could bring, it stays unproven. A need in parentheses is that of a part: the rest of the clause is tested without it.

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
