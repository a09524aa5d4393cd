/** Finds the server that a verb talks to, and the credential. */
import { Option, type Command } from 'commander';
import { CountersignError, isCountersignError } from '../contract/index.ts';
import type { ApiConnection } from './http.ts';
import type { Io } from './io.ts';
import { loginFor } from './logins.ts';
import { dataFolder, readFirstKey, readRuntime } from './local.ts';

/** Options of every verb that talks to a server. */
export interface ConnectOptions {
  url?: string;
  data?: string;
  policies?: string;
  as?: string;
  tenant?: string;
}

/** Adds `--url` and `--data`, and for verbs that people use also `--as`. */
export function withConnection(command: Command, options: { as: boolean }): Command {
  command
    .option('--url <url>', 'the server (default: COUNTERSIGN_URL, else the local stack)')
    .option('--data <folder>', 'the local stack’s data folder (default: COUNTERSIGN_DATA, else .countersign)');
  if (options.as) {
    command
      .option('--as <person>', 'act as a person of the directory; needs the local stack’s data folder')
      .addOption(new Option('--policies <folder>', 'where directory.yaml is').hideHelp())
      .addOption(new Option('--tenant <name>').default('default').hideHelp());
  }
  return command;
}

/** The server's address. */
export function serverUrl(io: Io, options: ConnectOptions): string {
  const given = options.url ?? (io.env['COUNTERSIGN_URL'] || undefined);
  if (given !== undefined) {
    if (!URL.canParse(given) || !/^https?:$/.test(new URL(given).protocol)) {
      throw new CountersignError(
        'invalid-request',
        `\`${given}\` is not a URL; give one such as http://127.0.0.1:8787`,
      );
    }
    return given;
  }
  const data = dataFolder(io, options.data);
  const runtime = readRuntime(data);
  if (runtime === null) {
    throw new CountersignError(
      'unavailable',
      `no stack runs on \`${data}\`; run \`countersign start\`, or set \`COUNTERSIGN_URL\` and \`COUNTERSIGN_API_KEY\``,
    );
  }
  return runtime.url;
}

/**
 * The server, and the token to call it with: `--as` on the local data folder, else `COUNTERSIGN_API_KEY`, else what `countersign login` keeps
 * for this server, else the folder's first key.
 *
 * Credentials of the data folder are sent only to the stack that the folder belongs to, or to this machine.
 */
export async function connect(io: Io, options: ConnectOptions): Promise<ApiConnection> {
  const url = serverUrl(io, options);
  const data = dataFolder(io, options.data);
  if (options.as !== undefined) {
    requireLocal(url, data, '`--as`');
    const { localPersonToken } = await import('./person.ts');
    const { as: person, policies, tenant = 'default' } = options;
    return { url, token: await localPersonToken(io, { data, policies, person, tenant }) };
  }
  const given = io.env['COUNTERSIGN_API_KEY'];
  if (given !== undefined && given !== '') return { url, token: given };
  const login = loginFor(io, url);
  if (login !== null) return { url, token: login.token };
  const first = readFirstKey(data);
  if (first === null) {
    throw new CountersignError(
      'unauthenticated',
      'no key to call with; run `countersign login`, or set `COUNTERSIGN_API_KEY` to an API key or to what `countersign token --as user:…` prints',
    );
  }
  requireLocal(url, data, 'the first key of the data folder');
  return { url, token: first };
}

/** The credential that reads a log which is not public: as {@link connect}, or null without any. */
export async function readerToken(io: Io, options: ConnectOptions): Promise<string | null> {
  try {
    return (await connect(io, options)).token;
  } catch (error) {
    if (isCountersignError(error) && error.code === 'unauthenticated') return null;
    throw error;
  }
}

function requireLocal(url: string, data: string, what: string): void {
  const { origin, hostname } = new URL(url);
  const runtime = readRuntime(data);
  if (runtime !== null && new URL(runtime.url).origin === origin) return;
  if (['127.0.0.1', 'localhost', '[::1]'].includes(hostname)) return;
  throw new CountersignError(
    'unauthenticated',
    `${what} is for the local stack, not for ${origin}; set \`COUNTERSIGN_API_KEY\` for that server`,
  );
}
