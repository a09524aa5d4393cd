/** `countersign login`: signs a person in with the owner's identity provider, in a browser on this machine or on another one. */
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { CountersignError } from '../contract/index.ts';
import { deviceSchema, newSessionSchema, type NewSession } from '../contract/views/sessions.ts';
import { readAnswer } from './answers.ts';
import { connect, serverUrl, withConnection, type ConnectOptions } from './connect.ts';
import { call, type ApiConnection } from './http.ts';
import type { Io } from './io.ts';
import { forgetLogin, keepLogin, loginFor } from './logins.ts';

interface LoginOptions extends ConnectOptions {
  provider?: string;
  device?: boolean;
  browser: boolean;
  json?: boolean;
}

/** Milliseconds for which somebody may sign in. */
const PATIENCE_MS = 10 * 60_000;

export function register(program: Command, io: Io): void {
  withConnection(program.command('login').description('sign in as a person, with your identity provider'), {
    as: false,
  })
    .option('--provider <name>', 'which identity provider, where there are several')
    .option('--device', 'sign in on another device, where this machine has no browser')
    .option('--no-browser', 'print the address instead of opening it')
    .option('--json', 'print JSON')
    .action(async (options: LoginOptions) => {
      const url = serverUrl(io, options);
      const made = await (options.device === true ? byDevice(io, url, options) : byBrowser(io, url, options));
      const { token, person, expiresAt } = made;
      keepLogin(io, url, { token, person, expiresAt });
      if (options.json === true) io.json({ url, person, expiresAt });
      else io.out(`signed in as ${person} until ${expiresAt}`);
    });

  withConnection(program.command('logout').description('end the session that `login` began'), { as: false }).action(
    async (options: ConnectOptions) => {
      const url = serverUrl(io, options);
      const login = loginFor(io, url);
      forgetLogin(io, url);
      if (login === null) {
        io.out('you were not signed in');
        return;
      }
      await call({ url, token: login.token }, { method: 'DELETE', path: 'v1/sessions/current' });
      io.out('signed out');
    },
  );

  const sessions = program.command('sessions').description('people’s sessions');
  const verb = (name: string, description: string): Command =>
    withConnection(sessions.command(name).description(description), { as: true }).option('--json', 'print JSON');
  verb('list', 'list one’s own live sessions; as an owner all').action(async (options: LoginOptions) => {
    const { sessionListSchema } = await import('../contract/views/sessions.ts');
    const all = readAnswer(sessionListSchema, await call(await connect(io, options), { path: 'v1/sessions' }));
    if (options.json === true) io.json(all);
    else
      for (const { id, person, by, createdAt, expiresAt, current } of all.sessions)
        io.out(`${id}  ${person}  by ${by}  since ${createdAt}  until ${expiresAt}${current ? '  (this one)' : ''}`);
  });
  verb('end', 'end a session at once')
    .argument('<id>', 'the session’s id')
    .action(async (id: string, options: LoginOptions) => {
      const path = `v1/sessions/${encodeURIComponent(id)}`;
      await call(await connect(io, options), { method: 'DELETE', path });
      if (options.json === true) io.json({ id, ended: true });
      else io.out(`the session ${id} has ended`);
    });
}

const random = (): string => randomBytes(32).toString('base64url');

/** RFC 8252: the browser comes back to a port of this machine, with a code that only the verifier here can use. */
async function byBrowser(io: Io, url: string, { provider, browser }: LoginOptions): Promise<NewSession> {
  const [verifier, state] = [random(), random()];
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  let answer: (code: string) => void = () => undefined;
  const coming = new Promise<string>((resolve) => (answer = resolve));
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1');
    const code = searchParams.get('code');
    const ours = code !== null && searchParams.get('state') === state;
    response
      .writeHead(ours ? 200 : 404, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' })
      .end(ours ? 'You are signed in. You can close this window.\n' : 'There is nothing here.\n');
    if (ours) answer(code);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const query = new URLSearchParams({ cli_port: String(port), state, challenge, ...(provider && { provider }) });
    const page = `${url.replace(/\/$/, '')}/sign-in?${query.toString()}`;
    io.err(`sign in here: ${page}`);
    if (browser) openBrowser(page);
    const code = await Promise.race([coming, sleep(PATIENCE_MS, null, { ref: false })]);
    if (code === null) throw tooLate();
    const connection = { url, token: null };
    return readAnswer(
      newSessionSchema,
      await call(connection, { method: 'POST', path: 'v1/sessions', body: { code, verifier } }),
    );
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

/** RFC 8628: the person signs in elsewhere, and we ask until they did. */
async function byDevice(io: Io, url: string, { provider }: LoginOptions): Promise<NewSession> {
  const connection: ApiConnection = { url, token: null };
  const body = provider === undefined ? {} : { provider };
  const begun = await call(connection, { method: 'POST', path: 'v1/sessions/device', body });
  const { device, userCode, verificationUri, interval, expiresIn } = readAnswer(deviceSchema, begun);
  io.err(`sign in at ${verificationUri} with the code ${userCode}`);
  for (const end = io.now() + Math.min(PATIENCE_MS, expiresIn * 1000); io.now() < end; await sleep(interval * 1000)) {
    const answer = await call(connection, { method: 'POST', path: 'v1/sessions', body: { device } });
    const made = newSessionSchema.safeParse(answer);
    if (made.success) return made.data;
  }
  throw tooLate();
}

const tooLate = (): CountersignError =>
  new CountersignError('unauthenticated', 'nobody signed in in time; run `countersign login` again');

const OPENERS: Partial<Record<NodeJS.Platform, string>> = { darwin: 'open', win32: 'explorer' };

/** Without a browser nothing opens; the address was printed. */
function openBrowser(url: string): void {
  const command = OPENERS[process.platform] ?? 'xdg-open';
  const child = spawn(command, [url], { stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  child.unref();
}
