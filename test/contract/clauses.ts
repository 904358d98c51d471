import type { Clause } from './clause.js';
import { atomicCommitClauses } from './groups/atomic-commit.js';
import { closeClauses } from './groups/close.js';
import { conditionalCommitClauses } from './groups/conditional-commit.js';
import { corruptionClauses } from './groups/corruption.js';
import { deadlineClauses } from './groups/deadlines.js';
import { deleteClauses } from './groups/deletes.js';
import { failureClauses } from './groups/failures.js';
import { isolationClauses } from './groups/isolation.js';
import { keyClauses } from './groups/keys.js';
import { limitClauses } from './groups/limits.js';
import { orderClauses } from './groups/order.js';
import { outageConflictClauses } from './groups/outage-conflicts.js';
import { outageDeadlineClauses } from './groups/outage-deadlines.js';
import { recoveryClauses } from './groups/recovery.js';
import { rollbackClauses } from './groups/rollback.js';
import { roundTripClauses } from './groups/round-trip.js';
import { scaleClauses } from './groups/scale.js';

/** All clauses of the driver contract, in the order in which they run. */
export const contractClauses: readonly Clause[] = [
  ...roundTripClauses,
  ...isolationClauses,
  ...keyClauses,
  ...atomicCommitClauses,
  ...deleteClauses,
  ...orderClauses,
  ...conditionalCommitClauses,
  ...outageConflictClauses,
  ...rollbackClauses,
  ...failureClauses,
  ...limitClauses,
  ...outageDeadlineClauses,
  ...deadlineClauses,
  ...recoveryClauses,
  ...closeClauses,
  ...scaleClauses,
  ...corruptionClauses,
];
