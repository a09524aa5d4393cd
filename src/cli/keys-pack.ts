/** `countersign keys pack`: all keys of a data folder as one file, for processes that share no folder. */
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { CountersignError, DEFAULT_TENANT } from '../contract/index.ts';
import type { Io } from './io.ts';
import { dataFolder } from './local.ts';

interface Options {
  data?: string;
  out: string;
  tenant: string[];
}

export function registerPack(keys: Command, io: Io): void {
  keys
    .command('pack')
    .description(
      'write all keys of a data folder into one secret file, for COUNTERSIGN_KEYS_FILE; makes those that are missing',
    )
    .option('--data <folder>', 'the data folder (default: COUNTERSIGN_DATA, else .countersign)')
    .option('--tenant <name...>', 'tenants that are to have keys', [DEFAULT_TENANT])
    .requiredOption('--out <file>', 'a new file, which only its owner can read')
    .action(async (options: Options) => {
      const data = dataFolder(io, options.data);
      const [{ openFileKeys, packKeys }, { loadConfig }] = await Promise.all([
        import('../keys/index.ts'),
        import('../main/config.ts'),
      ]);
      const opened = await openFileKeys(data, { ...loadConfig(io.env).keys, packed: undefined });
      for (const tenant of options.tenant) for (const notice of await opened.ensure(tenant)) io.err(notice);
      try {
        writeFileSync(options.out, packKeys(data), { mode: 0o600, flag: 'wx' });
      } catch (cause) {
        const code = (cause as NodeJS.ErrnoException).code ?? 'unwritable';
        throw new CountersignError(
          'invalid-request',
          `\`${options.out}\` cannot be written (${code}); remove it, or give another file with \`--out\``,
          { cause },
        );
      }
      io.out(`wrote ${options.out}; whoever has it can sign as this stack, and read everything in it`);
    });
}
