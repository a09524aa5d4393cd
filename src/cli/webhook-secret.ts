/** `countersign keys webhook-secret`: prints the secret with which receivers check webhooks, or replaces it. */
import type { Command } from 'commander';
import type { Io } from './io.ts';
import { dataFolder } from './local.ts';
import { requireKeys } from './person.ts';
import { usage } from './values.ts';

interface Options {
  data?: string;
  replace?: boolean;
  keep: string;
  json?: boolean;
}

export function registerWebhookSecret(keys: Command, io: Io): void {
  keys
    .command('webhook-secret')
    .description(
      'print the secret of callbacks and notifications, for whoever receives them, or make a new one; needs the data folder',
    )
    .option('--data <folder>', 'the local stack’s data folder (default: COUNTERSIGN_DATA, else .countersign)')
    .option('--replace', 'make a new secret and print it; what is sent is signed with both until the old one ends')
    .option('--keep <time>', 'with --replace, how long the old one still signs: `7d`, `0` to end it at once', '7d')
    .option('--json', 'print JSON')
    .action(async (options: Options) => {
      const data = dataFolder(io, options.data);
      requireKeys(data);
      const { openFileKeys } = await import('../keys/index.ts');
      const { webhookSecrets } = await openFileKeys(data);
      const now = new Date();
      if (options.replace !== true) {
        print(io, options, { secret: webhookSecrets.signing(now)[0] });
        return;
      }
      const until = new Date(now.getTime() + (await keptMs(options.keep))).toISOString();
      const secret = webhookSecrets.replace(now, until);
      print(io, options, { secret, until });
      if (options.json !== true) io.err(`what is sent is signed with the old secret too until ${until}`);
    });
}

async function keptMs(keep: string): Promise<number> {
  if (keep === '0') return 0;
  const { parseDuration } = await import('../policy/index.ts');
  const ms = parseDuration(keep);
  if (ms === null) throw usage(`\`--keep ${keep}\` is no duration; write one such as \`12h\` or \`7d\`, or 0`);
  return ms;
}

function print(io: Io, { json }: Options, { secret, ...more }: { secret: string; until?: string }): void {
  const written = `whsec_${secret}`;
  if (json === true) io.json({ secret: written, ...more });
  else io.out(written);
}
