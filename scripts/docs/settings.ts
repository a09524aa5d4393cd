/** `npm run docs:settings`: writes docs/settings.md, every environment variable and every key of the settings files, from the places where they are read. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import { SECRETS } from '../../src/main/secret-files.ts';
import { SETTINGS } from '../../src/main/settings.ts';
import { settingsFiles } from './settings-files.ts';

const HEAD = `# Settings

Every environment variable that the programs read, then every key of the [settings files](#settings-files) that they name. This page is made from [the place where they are read](../src/main/settings.ts) by
${code('npm run docs:settings')}; a test compares the two. An empty variable means the same as one that is not set. A value that cannot be used
stops the start, with one sentence for each that is wrong; values are never repeated, since some are secrets.

A variable marked † may come from a file instead, as Docker and Kubernetes hand secrets in: ${code('NAME_FILE')} is the path of a file that
holds the value. Both at once are refused.
`;

const secrets: readonly string[] = SECRETS;

function code(text: string): string {
  return '`' + text + '`';
}

/** What stands where the variable is not set. */
function defaultOf(setting: z.ZodType): string {
  const parsed = setting.safeParse(undefined);
  return parsed.success && ['string', 'number'].includes(typeof parsed.data) ? code(String(parsed.data)) : '';
}

function rowOf([name, setting]: [string, z.ZodType]): string {
  return `| ${code(name)}${secrets.includes(name) ? ' †' : ''} | ${defaultOf(setting)} | ${setting.description ?? ''} |`;
}

/** The page, to the letter. */
export function settingsPage(): string {
  const tables = SETTINGS.map(({ title, settings }) =>
    [
      `## ${title}`,
      '',
      '| variable | default | what it is for |',
      '| --- | --- | --- |',
      ...Object.entries(settings).map(rowOf),
      '',
    ].join('\n'),
  );
  return [HEAD, ...tables, settingsFiles()].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(fileURLToPath(new URL('../../docs/settings.md', import.meta.url)), settingsPage());
}
