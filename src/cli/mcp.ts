/** `countersign mcp`: governs an MCP server. It stands between the agent and the server, and asks before each call. */
import { mkdirSync, writeFileSync, existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { CountersignError } from '../contract/index.ts';
import { connect, withConnection, type ConnectOptions } from './connect.ts';
import type { Io } from './io.ts';
import { collectValues } from './values.ts';
import type { McpSettings, McpState, Upstream } from '../mcp/index.ts';

interface McpOptions extends ConnectOptions {
  upstream?: string;
  name?: string;
  mapping?: string;
  actor?: string;
  state?: string;
  http?: string;
  host: string;
  allowHost?: string[];
  timeout: string;
  init?: string | true;
  accept?: string[];
  json?: boolean;
}

export function register(program: Command, io: Io): void {
  withConnection(
    program
      .command('mcp')
      .description(
        'govern an MCP server: agents speak to this instead, over stdio or HTTP, and each call of a tool asks',
      )
      .argument('[command...]', 'the server’s program and its arguments, after `--`')
      .option('--upstream <server>', 'the server: an http(s) address, or a program with its arguments')
      .option('--name <name>', 'what the server is called in surfaces and records (default: server)')
      .option('--mapping <file>', 'which tool is what surface (made by --init)')
      .option('--actor <id>', 'the agent (default: COUNTERSIGN_MCP_ACTOR, else agent:mcp)')
      .option('--state <folder>', 'where accepted tools and open calls are kept (default: .countersign-mcp/<name>)')
      .option('--http <port>', 'serve streamable HTTP at /mcp instead of stdio; agents present COUNTERSIGN_MCP_TOKEN')
      .option('--host <address>', 'the address to listen at', '127.0.0.1')
      .option('--allow-host <name>', 'a host name or origin beside those of this machine (repeatable)', collectValues)
      .option('--timeout <seconds>', 'how long one call of the server may take without a sign of life', '120')
      .option(
        '--init [folder]',
        'write a policy with cases and a mapping from the server’s tools, accept them, and end',
      )
      .option('--accept <tool>', 'accept the tool as it is now, and end (repeatable)', collectValues)
      .option('--json', 'print JSON'),
    { as: false },
  ).action((command: string[], options: McpOptions) => mcp(io, command, options));
}

async function mcp(io: Io, given: readonly string[], options: McpOptions): Promise<void> {
  const rooms = await import('../mcp/index.ts');
  const settings = rooms.readSettings(options.mapping, options.name);
  const state = rooms.openState(resolve(options.state ?? join('.countersign-mcp', settings.server)));
  const toolsChanged = new Set<() => void>();
  const upstream = rooms.createUpstream({
    command: commandOf(options.upstream, given),
    token: io.env['COUNTERSIGN_MCP_UPSTREAM_TOKEN'] || undefined,
    env: io.env,
    timeoutMs: secondsAbove0(options.timeout) * 1000,
    onToolsChanged: () => {
      io.err('the server says that its tools changed; what differs is refused until it is accepted');
      for (const tell of toolsChanged) tell();
    },
  });
  try {
    if (options.init !== undefined) await init(io, { options, upstream, settings, state });
    else if (options.accept !== undefined) await accept(io, { options, upstream, state });
    else await serve(io, { options, upstream, settings, state, toolsChanged });
  } finally {
    await upstream.close();
  }
}

interface Work {
  options: McpOptions;
  upstream: Upstream;
  state: McpState;
}

async function serve(
  io: Io,
  { options, upstream, settings, state, toolsChanged }: Work & { settings: McpSettings; toolsChanged: Set<() => void> },
): Promise<void> {
  const rooms = await import('../mcp/index.ts');
  const { Countersign } = await import('../client/index.ts');
  const { url, token } = await connect(io, options);
  const actor = rooms.actorOf(options.actor ?? (io.env['COUNTERSIGN_MCP_ACTOR'] || 'agent:mcp'));
  const client = new Countersign({ url, key: token ?? '' });
  const calls = new rooms.Calls({ client, upstream, state, settings, actor });
  const tools = rooms.createTools(upstream, state, settings);
  const server = { calls, tools, upstream, settings, holds: rooms.HOLDS };
  const onError = (error: Error): void => io.err(`mcp: ${error.message}`);
  if (options.http === undefined) {
    await rooms.serveOverStdio(server, { input: process.stdin, output: process.stdout, onError, toolsChanged });
    await calls.close();
    return;
  }
  const serving = await rooms.serveOverHttp(server, {
    port: portOf(options.http),
    host: options.host,
    token: io.env['COUNTERSIGN_MCP_TOKEN'] ?? '',
    hosts: options.allowHost ?? [],
    onError,
  });
  io.out(`countersign governs \`${settings.server}\` at ${serving.url}`);
  await new Promise<void>((stop) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop());
  });
  await serving.close();
  await calls.close();
}

async function init(io: Io, { options, upstream, settings, state }: Work & { settings: McpSettings }): Promise<void> {
  const { initFiles, pinsOf } = await import('../mcp/index.ts');
  const folder = options.init === true || options.init === undefined ? 'policies' : options.init;
  const tools = await upstream.tools();
  const files = initFiles(settings.server, tools);
  const there = Object.keys(files).find((name) => existsSync(join(folder, name)));
  if (there !== undefined) {
    throw new CountersignError(
      'conflict',
      `\`${join(folder, there)}\` is there already; move it away, or name another folder`,
    );
  }
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  state.pin(pinsOf(tools));
  const written = Object.keys(files).map((name) => join(folder, name));
  if (options.json === true) io.json({ written, tools: tools.map(({ name }) => name) });
  else for (const name of written) io.out(`wrote ${name}`);
}

async function accept(io: Io, { options, upstream, state }: Work): Promise<void> {
  const { pinOf } = await import('../mcp/index.ts');
  const tools = await upstream.tools();
  const accepted: Record<string, string> = {};
  for (const name of options.accept ?? []) {
    const tool = tools.find((one) => one.name === name);
    if (tool === undefined) throw new CountersignError('not-found', `the server has no tool \`${name}\``);
    accepted[name] = pinOf(tool);
  }
  state.pin({ ...state.pins(), ...accepted });
  if (options.json === true) io.json({ accepted });
  else for (const [name, hash] of Object.entries(accepted)) io.out(`accepted ${name} ${hash}`);
}

/** Splits into words and quoted texts. */
const WORDS = /"([^"]*)"|'([^']*)'|(\S+)/g;

function commandOf(
  upstream: string | undefined,
  given: readonly string[],
): readonly [string, ...string[]] | { url: string } {
  if (upstream !== undefined && /^https?:\/\//.test(upstream)) return { url: upstream };
  const words = [...(upstream ?? '').matchAll(WORDS)].map(([, double, single, word]) => double ?? single ?? word ?? '');
  const [program, ...args] = [...words, ...given];
  if (program !== undefined) return [program, ...args];
  throw new CountersignError(
    'invalid-request',
    'name the MCP server: `countersign mcp --upstream http://127.0.0.1:3000/mcp`, or `countersign mcp -- npx some-server`',
  );
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new CountersignError('invalid-request', '--http is a port, 0 for any free one');
}

function secondsAbove0(text: string): number {
  const seconds = Number(text);
  if (/^\d{1,6}$/.test(text) && seconds > 0) return seconds;
  throw new CountersignError('invalid-request', '--timeout is a whole number of seconds above 0');
}
