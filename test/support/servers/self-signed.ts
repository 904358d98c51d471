import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { serverProgram } from './server-programs.js';

/** Files in PEM format; the certificate, for 127.0.0.1 and localhost, is its own authority. */
export interface SelfSigned {
  readonly certificateFile: string;
  readonly keyFile: string;
}

export function selfSignedFiles(folder: string): SelfSigned {
  return { certificateFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') };
}

export function makeSelfSigned(folder: string): SelfSigned {
  const files = selfSignedFiles(folder);
  const algorithm = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
  const output = ['-keyout', files.keyFile, '-out', files.certificateFile];
  execFileSync(serverProgram('openssl'), ['req', '-x509', ...algorithm, ...subject, ...output], { stdio: 'pipe' });
  return files;
}
