/** `countersign keys`: the public keys that a verifier needs, and the rotation and revocation of those that sign. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { CountersignError, DEFAULT_TENANT } from '../contract/index.ts';
import { withConnection, type ConnectOptions } from './connect.ts';
import type { Io } from './io.ts';
import { CODEC_KEYS_FILE, exportCodecKeys } from './codec-keys.ts';
import { registerChanges } from './keys-change.ts';
import { registerPack } from './keys-pack.ts';
import { publicKeys, type PublicKeySet } from './public-keys.ts';
import { registerWebhookSecret } from './webhook-secret.ts';

/** The files that `keys export` writes and `verify` reads. */
export const RECORD_KEYS_FILE = 'record-keys.jwks.json';
export const LOG_KEY_FILE = 'log.vkey';
export const KEY_HISTORY_FILE = 'key-history.json';

interface KeysOptions extends ConnectOptions {
  tenant: string;
  out: string;
  codec?: boolean;
  json?: boolean;
}

export function register(program: Command, io: Io): void {
  const keys = program.command('keys').description('signing keys: their public halves, rotation and revocation');
  const verb = (name: string, description: string): Command =>
    withConnection(keys.command(name).description(description), { as: false })
      .option('--tenant <name>', 'whose keys', DEFAULT_TENANT)
      .option('--json', 'print JSON');

  verb('list', 'print the record keys and the log’s keys, with the time of each').action(
    async (options: KeysOptions) => {
      const { records, logs } = await publicKeys(io, options);
      if (options.json === true) {
        io.json({ tenant: options.tenant, records, log: logs[0]?.vkey ?? null, logs });
        return;
      }
      for (const key of records) {
        const { kid, kty, alg } = key;
        io.out(`record  ${kid}  ${typeof alg === 'string' ? alg : kty}${timeOf(key)}`);
      }
      for (const key of logs) io.out(`log     ${key.vkey}${timeOf(key)}`);
    },
  );

  verb(
    'export',
    `write ${RECORD_KEYS_FILE}, ${LOG_KEY_FILE} and ${KEY_HISTORY_FILE}, which \`countersign verify\` takes`,
  )
    .option('--out <folder>', 'where to write them', '.')
    .option(
      '--codec',
      `write ${CODEC_KEYS_FILE} instead: the secret keys that read Temporal’s histories, and no others`,
    )
    .action(async (options: KeysOptions) => {
      if (options.codec === true) {
        const codec = await exportCodecKeys(io, options);
        if (options.json === true) io.json({ codec });
        else io.out(`wrote ${codec}; whoever has it reads every history`);
        return;
      }
      const set = await publicKeys(io, options);
      const files = await writeKeys(options.out, set);
      if (options.json === true) io.json(files);
      else for (const file of Object.values(files)) io.out(`wrote ${file}`);
    });

  registerChanges(keys, io);
  registerWebhookSecret(keys, io);
  registerPack(keys, io);
}

/** Writes a key set into a folder. A revoked log key is not among the vkeys: it counts only for what the history says. */
export async function writeKeys(
  out: string,
  { records, logs, history }: PublicKeySet,
): Promise<Record<string, string>> {
  const files = {
    records: join(out, RECORD_KEYS_FILE),
    log: join(out, LOG_KEY_FILE),
    ...(history === null ? {} : { history: join(out, KEY_HISTORY_FILE) }),
  };
  const vkeys = logs.filter(({ revoked }) => revoked === null).map(({ vkey }) => `${vkey}\n`);
  try {
    await mkdir(out, { recursive: true });
    await writeFile(files.records, `${JSON.stringify({ keys: records }, null, 2)}\n`);
    await writeFile(files.log, vkeys.join(''));
    if (files.history !== undefined) await writeFile(files.history, `${JSON.stringify(history, null, 2)}\n`);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unwritable';
    throw new CountersignError(
      'invalid-request',
      `\`${out}\` cannot be written (${code}); give another folder with \`--out\``,
      { cause },
    );
  }
  return files;
}

function timeOf(key: object): string {
  const { until, revoked } = key as { until?: unknown; revoked?: unknown };
  const from = (revoked as { from?: unknown } | null | undefined)?.from;
  if (from !== undefined) return `  revoked from entry ${String(from)} on`;
  return typeof until === 'string' ? `  until ${until}` : '';
}
