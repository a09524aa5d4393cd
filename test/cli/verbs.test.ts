/** Each verb is loaded from the file that the list names: a wrong entry would hide the verb from its own command line. */
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createIo } from '../../src/cli/io.ts';
import { VERBS } from '../../src/cli/main.ts';

const io = createIo({ writeOut() {}, writeErr() {}, readIn: () => Promise.resolve(''), env: {} });

describe('the list of verbs', () => {
  it.each(VERBS.map((file) => [file.names.join(', '), file] as const))(
    'names what the file adds: %s',
    async (_, file) => {
      const program = new Command();
      (await file.load()).register(program, io);
      expect(program.commands.map((command) => command.name())).toEqual(file.names);
    },
  );
});
