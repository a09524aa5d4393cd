/** `countersign migrate`: brings a database up to this version, before its processes are replaced. */
import type { Command } from 'commander';
import { CountersignError } from '../contract/index.ts';
import { EXIT } from './exit.ts';
import type { Io } from './io.ts';

interface MigrateVerbOptions {
  check?: boolean;
  grant?: string;
  json?: boolean;
}

export function register(program: Command, io: Io): void {
  program
    .command('migrate')
    .description(
      'bring the database of DATABASE_URL up to this version; processes of the version before go on meanwhile',
    )
    .option('--check', 'say what is missing and change nothing; exit code 3 when something is')
    .option('--grant <role>', 'let this role read and write rows, and change no table: for COUNTERSIGN_MIGRATE=never')
    .option('--json', 'print JSON')
    .action(async ({ check = false, grant, json = false }: MigrateVerbOptions) => {
      const [{ loadConfig }, { migrateDatabase }] = await Promise.all([
        import('../main/config.ts'),
        import('../store/migrate-database.ts'),
      ]);
      const { databaseUrl } = loadConfig(io.env);
      if (databaseUrl === undefined) {
        throw new CountersignError(
          'configuration',
          'there is no DATABASE_URL; set it, or DATABASE_URL_FILE. the database of `countersign start` needs no migrate',
        );
      }
      const steps = await migrateDatabase(databaseUrl, { check, ...(grant === undefined ? {} : { grant }) });
      if (json) io.json(check ? { missing: steps } : { made: steps });
      else if (steps.length === 0) io.out('the schema is of this version');
      else steps.forEach((step) => io.out(check ? `${step} is missing` : `${step} is made`));
      if (check && steps.length > 0) io.exitCode = EXIT.refused;
    });
}
