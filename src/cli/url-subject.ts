/**
 * The subject of a URL as a module, which the second process of the contract suite imports: the URL comes by the
 * environment, because everybody on the machine can read a process' arguments.
 */
import type { ContractSubject } from '../../test/contract/index.js';
import { SUBJECT_URL_VARIABLE, urlSubject } from './url-target.js';

const subject: ContractSubject = urlSubject(process.env[SUBJECT_URL_VARIABLE] ?? '');

export default subject;
