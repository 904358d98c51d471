import type { Clause } from './clause.js';
import { accessClauses } from './groups/access.js';
import { afterCloseClauses } from './groups/after-close.js';
import { closeClauses } from './groups/close.js';
import { atomicCommitClauses } from './groups/commits/atomic-commit.js';
import { conditionalCommitClauses } from './groups/commits/conditional-commit.js';
import { deleteClauses } from './groups/commits/deletes.js';
import { headFieldClauses } from './groups/commits/head-fields.js';
import { largeBatchClauses } from './groups/commits/large-batches.js';
import { orderClauses } from './groups/commits/order.js';
import { processClauses } from './groups/commits/processes.js';
import { rollbackClauses } from './groups/commits/rollback.js';
import { corruptionClauses } from './groups/corruption.js';
import { deadlineClauses } from './groups/deadlines.js';
import { failureClauses } from './groups/failures.js';
import { isolationClauses } from './groups/isolation.js';
import { keyClauses } from './groups/keys.js';
import { limitClauses } from './groups/limits.js';
import { operationOptionClauses } from './groups/operation-options.js';
import { outageConflictClauses } from './groups/outage/conflicts.js';
import { outageDeadlineClauses } from './groups/outage/deadlines.js';
import { lateCommitClauses } from './groups/outage/late-commits.js';
import { recoveryClauses } from './groups/outage/recovery.js';
import { roundTripClauses } from './groups/round-trip.js';
import { scaleClauses } from './groups/scale.js';
import { interruptionClauses } from './groups/side-by-side/interruptions.js';
import { outcomeClauses } from './groups/side-by-side/outcomes.js';
import { raceClauses } from './groups/side-by-side/races.js';
import { watchClauses } from './groups/watch.js';

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
  ...outcomeClauses,
  ...raceClauses,
  ...interruptionClauses,
  ...corruptionClauses,
  ...accessClauses,
  ...watchClauses,
];
