/** `countersign start`, `api`, `worker` and `slack`: processes that run until they are told to stop. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Option, type Command } from 'commander';
import type { AutoAnswer } from '../main/auto-approver.ts';
import type { Env } from '../main/config.ts';
import type { Stack } from '../main/start.ts';
import type { Io } from './io.ts';
import { packageFolder } from '../main/package-folder.ts';

interface ServiceOptions {
  data?: string;
  policies?: string;
  port?: string;
  json?: boolean;
  auto?: AutoAnswer;
}

/** The handle of a running service. */
interface Running {
  /** Rejects when an essential part dies. */
  failed: Promise<never>;
  stop(): Promise<void>;
}

export function register(program: Command, io: Io): void {
  const service = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .option('--data <folder>', 'the data folder (default: COUNTERSIGN_DATA, else .countersign)')
      .option('--policies <folder>', 'the policies folder (default: COUNTERSIGN_POLICIES, else policies)');
  const withPort = (command: Command): Command =>
    command.option('--port <number>', 'where to listen; 0 is any free port (default: COUNTERSIGN_PORT, else 8787)');

  withPort(service('start', 'run everything on this machine: Temporal, store, API, worker, Slack, console'))
    .option('--json', 'say in one line of JSON where everything is, once it serves')
    .addOption(
      new Option('--auto <answer>', 'answer for the approvers, in other people’s tests').choices([
        'approve',
        'refuse',
        'ask',
      ]),
    )
    .action(async (options: ServiceOptions) => {
      const [{ loadConfig }, { startStack }] = await Promise.all([
        import('../main/config.ts'),
        import('../main/start.ts'),
      ]);
      const config = loadConfig(withSamples(io, environment(io, options)));
      const sandbox = config.slack === null ? await io.sandbox?.() : undefined;
      const around = {
        out: io.err,
        ...(sandbox === undefined ? {} : { sandbox }),
        ...(options.auto === undefined ? {} : { auto: options.auto }),
      };
      await serve(
        io,
        () => startStack(config, around),
        (stack) => {
          if (options.json === true) io.out(JSON.stringify(placesOf(stack, sandbox !== undefined)));
          else for (const line of welcome(stack, sandbox !== undefined)) io.out(line);
        },
      );
    });

  withPort(service('api', 'run the API alone, beside other processes of one stack')).action(
    async (options: ServiceOptions) => {
      const [{ loadConfig }, { startApi }] = await Promise.all([import('../main/config.ts'), import('../main/api.ts')]);
      const config = loadConfig(environment(io, options));
      await serve(io, () => startApi(config, { out: io.err }));
    },
  );
  service('worker', 'run a worker alone').action(async (options: ServiceOptions) => {
    const [{ loadConfig }, { startWorker }] = await Promise.all([
      import('../main/config.ts'),
      import('../main/worker.ts'),
    ]);
    const config = loadConfig(environment(io, options));
    await serve(io, () => startWorker(config, { out: io.err }));
  });
  withPort(service('slack', 'run the Slack app alone')).action(async (options: ServiceOptions) => {
    const [{ loadConfig }, { startSlack }] = await Promise.all([
      import('../main/config.ts'),
      import('../main/slack.ts'),
    ]);
    const config = loadConfig(environment(io, options));
    await serve(io, () => startSlack(config, { out: io.err }));
  });
}

/** Options override the environment. */
function environment(io: Io, { data, policies, port }: ServiceOptions): Env {
  return {
    ...io.env,
    ...(data === undefined ? {} : { COUNTERSIGN_DATA: data }),
    ...(policies === undefined ? {} : { COUNTERSIGN_POLICIES: policies }),
    ...(port === undefined ? {} : { COUNTERSIGN_PORT: port }),
  };
}

/** Uses the samples of the package if no policy folder is named and none is here, as in an empty folder. */
function withSamples(io: Io, env: Env): Env {
  if (env['COUNTERSIGN_POLICIES'] !== undefined || existsSync('policies')) return env;
  const samples = join(packageFolder(), 'policies');
  io.err(
    `there is no folder \`policies\` here: the samples in \`${samples}\` are in force; copy them here to change them`,
  );
  return { ...env, COUNTERSIGN_POLICIES: samples };
}

function placesOf({ url, temporal, firstKey }: Stack, sandbox: boolean): Record<string, string | null> {
  return {
    url,
    console: `${url}/console`,
    slackSandbox: sandbox ? `${url}/slack-sandbox` : null,
    temporal: temporal.address,
    temporalUi: temporal.uiUrl ?? null,
    firstKey,
  };
}

function welcome(stack: Stack, sandbox: boolean): string[] {
  const { url, slackSandbox, temporal, temporalUi, firstKey } = placesOf(stack, sandbox);
  const ask = 'npx countersign request --surface payments.refund --action refund.create --actor agent:support-bot';
  return [
    '',
    'Countersign is ready.',
    `  API            ${url}`,
    `  console        ${url}/console`,
    ...(slackSandbox === null ? [] : [`  Slack sandbox  ${slackSandbox}`]),
    `  Temporal       ${temporal}`,
    ...(temporalUi === null ? [] : [`  Temporal’s UI  ${temporalUi}`]),
    // Shown only at the start that made it, because output of processes is often kept where more people read it.
    ...(firstKey === null
      ? []
      : [`  first API key  ${stack.firstKeyMade ? firstKey : `in ${stack.parts.config.dataDir}/first-key`}`]),
    ...(stack.signInLink === null ? [] : [`  sign in once   ${stack.signInLink}`]),
    '',
    'To try, in another terminal here: one is released, one waits until you approve it in Slack, one is refused.',
    `  ${ask} --param amount=50 --param currency=USD`,
    `  ${ask} --param amount=420.5 --param currency=USD --wait`,
    `  ${ask} --param amount=5000 --param currency=USD`,
    '',
    'Ctrl-C stops it; what waits for a human is still there at the next start.',
  ];
}

/**
 * Starts a service, runs it until a signal or until a part dies, and then stops everything. A signal during the start takes effect when a
 * clean stop is possible; a second one does not wait.
 */
async function serve<R extends Running>(
  io: Io,
  start: () => Promise<R>,
  ready: (running: R) => void = () => undefined,
): Promise<void> {
  const interrupted = new Promise<void>((resolve) => {
    let asked = false;
    const stop = (): void => {
      if (asked) process.exit(130);
      asked = true;
      io.err('stopping; once more to stop without waiting');
      resolve();
    };
    process.on('SIGINT', stop).on('SIGTERM', stop);
  });
  let running: R | undefined;
  try {
    running = await start();
    ready(running);
    await Promise.race([interrupted, running.failed]);
  } finally {
    await running?.stop();
    // A native handle that outlives its owner must keep neither a stopped service alive, nor one that failed to start.
    setTimeout(() => process.exit(), 2000).unref();
  }
}
