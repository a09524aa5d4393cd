/** `countersign keys webhook-secret`: what a receiver of webhooks checks signatures by. */
import type { Command } from 'commander';
import type { Io } from './io.ts';
import { dataFolder } from './local.ts';
import { requireKeys } from './person.ts';

export function registerWebhookSecret(keys: Command, io: Io): void {
  keys
    .command('webhook-secret')
    .description('print the secret of callbacks and notifications, for whoever receives them; needs the data folder')
    .option('--data <folder>', 'the local stack’s data folder (default: COUNTERSIGN_DATA, else .countersign)')
    .option('--json', 'print JSON')
    .action(async (options: { data?: string; json?: boolean }) => {
      const data = dataFolder(io, options.data);
      requireKeys(data);
      const { openFileKeys } = await import('../keys/index.ts');
      const secret = `whsec_${(await openFileKeys(data)).webhookSecret}`;
      if (options.json === true) io.json({ secret });
      else io.out(secret);
    });
}
