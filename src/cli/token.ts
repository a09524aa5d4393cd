/** `countersign token`: a one-hour token for a person, made from the local stack's data folder. */
import type { Command } from 'commander';
import type { Io } from './io.ts';
import { dataFolder } from './local.ts';
import { DEFAULT_TENANT } from '../contract/index.ts';
import { localPersonToken } from './person.ts';

interface TokenOptions {
  as: string;
  data?: string;
  policies?: string;
  tenant: string;
  json?: boolean;
}

export function register(program: Command, io: Io): void {
  program
    .command('token')
    .description('print a one-hour token for a person of the directory; needs the local stack’s data folder')
    .requiredOption('--as <person>', 'the person’s id, such as user:finance-lead@acme.test')
    .option('--data <folder>', 'the data folder (default: COUNTERSIGN_DATA, else .countersign)')
    .option('--policies <folder>', 'where directory.yaml is (default: COUNTERSIGN_POLICIES, else policies)')
    .option('--tenant <name>', 'the tenant', DEFAULT_TENANT)
    .option('--json', 'print it as JSON')
    .action(async (options: TokenOptions) => {
      const { as: person, policies, tenant } = options;
      const token = await localPersonToken(io, { data: dataFolder(io, options.data), policies, person, tenant });
      if (options.json === true) io.json({ person, tenant, token });
      else io.out(token);
    });
}
