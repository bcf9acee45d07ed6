/** Certificates of authorities of the test's own, made with openssl. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../../infra/local/programs.ts';

export interface Certificates {
  folder: string;
  /** Of 127.0.0.1 and of `plant.example`, by this authority, which is made if it is new. Answers the names of its files. */
  certify(name: string, authority: string): { crt: string; key: string; ca: string };
  pem(file: string): string;
  remove(): void;
}

export const hasOpenssl = findProgram('openssl') !== null;
if (!hasOpenssl) console.warn('skipped: openssl is not installed (apt-get install openssl)');

export function createCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-tls-'));
  const authorities = new Set<string>();
  const path = (file: string) => join(folder, file);
  const make = (name: string, ...more: string[]) => {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', `${name}.key`];
    const request = ['req', '-x509', ...key, '-out', `${name}.crt`, '-days', '2', '-subj', `/CN=${name}`, ...more];
    execFileSync('openssl', request, { cwd: folder, stdio: 'pipe' });
  };
  return {
    folder,
    certify(name, authority) {
      if (!authorities.has(authority)) make(authority);
      authorities.add(authority);
      const extensions = ['subjectAltName=IP:127.0.0.1,DNS:plant.example', 'basicConstraints=critical,CA:FALSE'];
      const signed = ['-CA', `${authority}.crt`, '-CAkey', `${authority}.key`];
      make(name, ...signed, ...extensions.flatMap((extension) => ['-addext', extension]));
      return { crt: path(`${name}.crt`), key: path(`${name}.key`), ca: path(`${authority}.crt`) };
    },
    pem: (file) => readFileSync(path(file), 'utf8'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
