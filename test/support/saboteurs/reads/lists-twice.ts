import type { OperationOptions } from '../../../../src/core/persistence-driver.js';
import { WrappedDriver } from '../wrapped-driver.js';

const PAGE = 256;

/** Lists by pages, each of which begins with the last account of the one before. */
export class ListsTwice extends WrappedDriver {
  override async *accounts(options?: OperationOptions): AsyncGenerator<string, void, undefined> {
    let index = 0;
    for await (const id of super.accounts(options)) {
      index += 1;
      yield id;
      if (index % PAGE === 0) yield id;
    }
  }
}
