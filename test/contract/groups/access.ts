import { batchOf } from '../account-writer.js';
import type { Clause } from '../clause.js';
import { expectHead, expectIds, expectRejection, expectSameAccount, listed, present } from '../expectations.js';

const readRights: Clause = {
  id: 'OP1',
  group: 'access',
  title: "opened with access 'read', read rights are enough; a missing file, schema or table rejects CONFIG",
  needs: ['reading alone', 'readOnly'],
  partNeeds: ['missing'],
  async run(scope) {
    const { readOnly, missing } = scope.faults;
    const writer = scope.writer(await scope.open());
    const dropped = scope.writer(writer.driver);
    await writer.commit({ key: '1', other: '2' }, [], { meta: 'm' });
    await dropped.commit({ key: '1' });
    await dropped.drop();
    const reader = scope.adopt(await present('faults.readOnly', readOnly || undefined)({ prefix: scope.prefix }));
    await reader.open({ access: 'read' });
    for (const value of ['2', '3']) {
      expectHead('head with read rights', await reader.head(writer.id), writer.head);
      expectSameAccount('load with read rights', await reader.load(writer.id), await writer.load());
      expectIds('accounts() with read rights', await listed(reader.accounts()), [writer.id]);
      expectHead('head of an account that was never written', await reader.head(scope.unique('none')), undefined);
      await writer.commit({ key: value });
    }
    await expectRejection('a commit with read rights', reader.commit(writer.id, batchOf(), writer.options()));
    expectHead('the head after that', await writer.driver.head(writer.id), writer.head);
    await reader.close();
    if (missing === undefined || missing === false) return;
    const lost = scope.adopt(await missing({ prefix: scope.prefix }));
    const refused = (what: string, promise: Promise<unknown>): Promise<unknown> =>
      expectRejection(`${what} where nothing was set up`, promise, ['CONFIG'], ['not-applied']);
    // Looking does not set it up.
    for (let time = 1; time <= 2; time += 1) await refused('open', lost.open({ access: 'read' }));
  },
};

/** Access. */
export const accessClauses: readonly Clause[] = [readRights];
