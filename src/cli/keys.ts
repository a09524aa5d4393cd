/** `countersign keys`: the public keys that a verifier needs, from the local data folder or from a server. */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import { CountersignError } from '../contract/index.ts';
import { serverUrl, withConnection } from './connect.ts';
import type { ConnectOptions } from './connect.ts';
import { call } from './http.ts';
import type { Io } from './io.ts';
import { dataFolder } from './local.ts';
import { DEFAULT_TENANT } from './person.ts';

/** The files that `keys export` writes and `verify` reads. */
export const RECORD_KEYS_FILE = 'record-keys.jwks.json';
export const LOG_KEY_FILE = 'log.vkey';

interface KeysOptions extends ConnectOptions {
  tenant: string;
  out: string;
  json?: boolean;
}

const jwksSchema = z.object({ keys: z.array(z.looseObject({ kid: z.string(), kty: z.string() })).min(1) });

interface PublicKeySet {
  records: z.infer<typeof jwksSchema>;
  /** C2SP note verification key. */
  log: string;
}

export function register(program: Command, io: Io): void {
  const keys = program.command('keys').description('the public keys of a tenant: its record keys and its log’s key');
  const verb = (name: string, description: string): Command =>
    withConnection(keys.command(name).description(description), { as: false })
      .option('--tenant <name>', 'whose keys', DEFAULT_TENANT)
      .option('--json', 'print JSON');

  verb('list', 'print the record keys and the log’s key').action(async (options: KeysOptions) => {
    const { records, log } = await publicKeys(io, options);
    if (options.json === true) {
      io.json({ tenant: options.tenant, records: records.keys, log });
      return;
    }
    for (const { kid, kty, alg } of records.keys) io.out(`record  ${kid}  ${typeof alg === 'string' ? alg : kty}`);
    io.out(`log     ${log}`);
  });

  verb('export', `write ${RECORD_KEYS_FILE} and ${LOG_KEY_FILE}, which \`countersign verify\` needs`)
    .option('--out <folder>', 'where to write them', '.')
    .action(async (options: KeysOptions) => {
      const { records, log } = await publicKeys(io, options);
      const files = { records: join(options.out, RECORD_KEYS_FILE), log: join(options.out, LOG_KEY_FILE) };
      try {
        await mkdir(options.out, { recursive: true });
        await writeFile(files.records, `${JSON.stringify(records, null, 2)}\n`);
        await writeFile(files.log, `${log}\n`);
      } catch (cause) {
        const code = (cause as NodeJS.ErrnoException).code ?? 'unwritable';
        throw new CountersignError(
          'invalid-request',
          `\`${options.out}\` cannot be written (${code}); give another folder with \`--out\``,
          { cause },
        );
      }
      if (options.json === true) io.json(files);
      else for (const file of Object.values(files)) io.out(`wrote ${file}`);
    });
}

/** Of the local data folder, unless a server is named. */
async function publicKeys(io: Io, options: KeysOptions): Promise<PublicKeySet> {
  const data = dataFolder(io, options.data);
  const named = options.url !== undefined || (io.env['COUNTERSIGN_URL'] ?? '') !== '';
  if (named || !existsSync(join(data, 'keys', 'tenants', `${options.tenant}.json`))) return fetchKeys(io, options);
  const { openFileKeys } = await import('../keys/index.ts');
  const { history, log } = (await openFileKeys(data)).forTenant(options.tenant);
  return { records: { keys: history.record.map(({ jwk }) => ({ ...jwk })) }, log: log.vkey };
}

/** Public, so read without a token. Whoever verifies takes them once, over a way they trust, and keeps them. */
async function fetchKeys(io: Io, options: KeysOptions): Promise<PublicKeySet> {
  const connection = { url: serverUrl(io, options), token: null };
  const tenant = encodeURIComponent(options.tenant);
  const [records, log] = await Promise.all([
    call(connection, { path: `log/${tenant}/jwks.json` }),
    call(connection, { path: `log/${tenant}/vkey` }),
  ]);
  const jwks = jwksSchema.safeParse(records);
  if (!jwks.success || typeof log !== 'string' || !/^\S+\+[0-9a-f]{8}\+\S+\s*$/.test(log)) {
    throw new CountersignError(
      'unavailable',
      'the server’s answer holds no keys; check `COUNTERSIGN_URL` and `--tenant`',
    );
  }
  return { records: jwks.data, log: log.trim() };
}
