import type { Clause } from './clause.js';
import { accessClauses } from './groups/access.js';
import { afterCloseClauses } from './groups/after-close.js';
import { atomicCommitClauses } from './groups/atomic-commit.js';
import { closeClauses } from './groups/close.js';
import { conditionalCommitClauses } from './groups/conditional-commit.js';
import { corruptionClauses } from './groups/corruption.js';
import { deadlineClauses } from './groups/deadlines.js';
import { deleteClauses } from './groups/deletes.js';
import { failureClauses } from './groups/failures.js';
import { headFieldClauses } from './groups/head-fields.js';
import { isolationClauses } from './groups/isolation.js';
import { keyClauses } from './groups/keys.js';
import { largeBatchClauses } from './groups/large-batches.js';
import { lateCommitClauses } from './groups/late-commits.js';
import { limitClauses } from './groups/limits.js';
import { operationOptionClauses } from './groups/operation-options.js';
import { orderClauses } from './groups/order.js';
import { outageConflictClauses } from './groups/outage-conflicts.js';
import { outageDeadlineClauses } from './groups/outage-deadlines.js';
import { processClauses } from './groups/processes.js';
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
  ...largeBatchClauses,
  ...deleteClauses,
  ...orderClauses,
  ...conditionalCommitClauses,
  ...outageConflictClauses,
  ...rollbackClauses,
  ...processClauses,
  ...headFieldClauses,
  ...failureClauses,
  ...limitClauses,
  ...outageDeadlineClauses,
  ...deadlineClauses,
  ...lateCommitClauses,
  ...operationOptionClauses,
  ...recoveryClauses,
  ...closeClauses,
  ...afterCloseClauses,
  ...scaleClauses,
  ...corruptionClauses,
  ...accessClauses,
];
