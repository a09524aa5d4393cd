/** `countersign policy …`: check, compare, try and publish policies. */
import type { Command } from 'commander';
import { withConnection, type ConnectOptions } from './connect.ts';
import type { Io } from './io.ts';
import type { BacktestOptions, DiffOptions } from './policy-compare.ts';
import type { SuggestVerbOptions } from './policy-suggest.ts';
import type { PublishOptions } from './policy-publish.ts';

interface JsonOption {
  json?: boolean;
}

const FOLDER = 'the policies folder (default: COUNTERSIGN_POLICIES, else policies)';

export function register(program: Command, io: Io): void {
  const policy = program.command('policy').description('check, compare, try and publish policies');

  policy
    .command('lint')
    .description('say what is wrong, or most likely wrong, with policies; exits 3 when they cannot be used')
    .argument('[folder]', FOLDER)
    .option('--json', 'print the problems as JSON')
    .action(async (folder: string | undefined, options: JsonOption) =>
      (await import('./policy-offline.ts')).lintVerb(io, folder, options),
    );

  policy
    .command('test')
    .description('judge the cases beside the policies; exits 3 when one is not as wanted')
    .argument('[folder]', FOLDER)
    .option('--json', 'print the report as JSON')
    .action(async (folder: string | undefined, options: JsonOption) =>
      (await import('./policy-offline.ts')).test(io, folder, options),
    );

  withRange(
    withConnection(
      policy
        .command('diff')
        .description('say which cases, or which sealed actions, another version of the policies judges otherwise')
        .argument('<before>', 'a policies folder, `in-force`, or a bundle’s hash')
        .argument('<after>', 'the same, as it would be; a folder’s cases and people are used')
        .option('--recorded', 'compare over the sealed history of the running stack instead of the cases'),
      { as: true },
    ),
  ).action(async (before: string, after: string, options: DiffOptions) =>
    (await import('./policy-compare.ts')).diff(io, before, after, options),
  );

  const tried = policy
    .command('backtest')
    .description('say which sealed verdicts of the running stack a candidate would change');
  withRange(withConnection(tried, { as: true }))
    .option('--bundle <hash>', 'a stored bundle as the candidate, instead of the folder')
    .action(async (options: BacktestOptions) => (await import('./policy-compare.ts')).backtestVerb(io, options));
  showPolicies(tried);

  const suggested = policy
    .command('suggest')
    .description('rules and grants that would have asked people less, by sealed history, as diffs with cases');
  withRange(withConnection(suggested, { as: true }))
    .option('--through <count>', 'how many requests that people refused may pass (default: 0)')
    .option('--least <count>', 'how many questions a suggestion must save (default: 5)')
    .action(async (options: SuggestVerbOptions) => (await import('./policy-suggest.ts')).suggestVerb(io, options));
  showPolicies(suggested);

  const published = policy
    .command('publish')
    .description('ask for policies to come into force; exits 0 when they are, 3 when refused, 4 while a human decides')
    .argument('[folder]', FOLDER)
    .requiredOption('--reason <text>', 'why, for those who approve it')
    .option('--rollback <hash>', 'an earlier bundle instead of a folder')
    .option('--if-changed', 'ask nobody where these policies are in force')
    .option('--actor <id>', 'who asks, such as service:ci (default: the person of --as)')
    .option('--idempotency-key <key>', 'the same key and policies are the same publication (default: a new one)')
    .option('--wait [seconds]', 'wait until a human has decided; without seconds, as long as it takes')
    .option('--json', 'print the action as JSON');
  withConnection(published, { as: true }).action(async (folder: string | undefined, options: PublishOptions) =>
    (await import('./policy-publish.ts')).publishVerb(io, folder, options),
  );

  withConnection(
    policy.command('history').description('which bundles were in force').option('--json', 'print the page as JSON'),
    { as: true },
  ).action(async (options: ConnectOptions & JsonOption) => (await import('./policy-publish.ts')).history(io, options));
}

function withRange(command: Command): Command {
  return command
    .option('--from <time>', 'only verdicts sealed at or after it, such as 2026-11-01')
    .option('--to <time>', 'only verdicts sealed before it')
    .option('--surface <surface>', 'only verdicts of this surface')
    .option('--json', 'print the report as JSON');
}

/** `--policies` is hidden where it only says where the directory is; here it names the candidate. */
function showPolicies(command: Command): void {
  const option = command.options.find(({ long }) => long === '--policies');
  option?.hideHelp(false);
  if (option !== undefined) option.description = `the candidate: ${FOLDER}`;
}
