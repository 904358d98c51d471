import type { PersistenceDriver } from '../../core/persistence-driver.js';

/** The parameters that a driver is made from. */
export interface DriverRequest {
  /** As it was configured, query included; may hold credentials. */
  readonly url?: string;
  /** The options of the configuration object besides `driver` and `url`. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** Makes a driver, without I/O. Should throw `CONFIG` for what it does not understand. */
export type DriverFactory = (request: DriverRequest) => PersistenceDriver;
