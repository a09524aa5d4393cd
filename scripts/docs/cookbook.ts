/** `npm run docs:cookbook`: writes docs/cookbook.md from the policies of examples/cookbook, each with what its cases say. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const FOLDER = new URL('../../examples/cookbook/', import.meta.url);

const HEAD = `# Cookbook

Twenty policies to begin with, each with the cases that say what it does. They stand in [examples/cookbook](../examples/cookbook) as files:
copy one, change its surface and its numbers, change its cases, and try both before anything is in force:

${'```sh'}
countersign policy lint policies
countersign policy test policies
${'```'}

What every field means is in [policies.md](policies.md). This page is made from the files by ${'`npm run docs:cookbook`'}; a test compares the two, lints
the folder and runs all cases.
`;

interface Case {
  name: string;
  want: { decision: string; rule?: string; basis?: string; approvers?: string[][] };
}

const textOf = (name: string): string => readFileSync(new URL(name, FOLDER), 'utf8');
/** Without the line that is for editors. */
const shown = (text: string): string => text.replace(/^# yaml-language-server.*\n/, '');

function wanted({ decision, rule, basis, approvers }: Case['want']): string {
  const why = rule ?? basis;
  const asked = approvers
    ?.map((stage) => stage.map((id) => id.replace(/^user:|@.*$/g, '')).join(' or '))
    .join(', then ');
  return [`**${decision}**`, why === undefined ? '' : `(${why})`, asked ?? ''].filter((part) => part !== '').join(' ');
}

function sectionOf(file: string): string {
  const { description } = parse(textOf(file)) as { description: string };
  const { cases } = parse(textOf(file.replace('.yaml', '.test.yaml'))) as { cases: Case[] };
  const title = file.replace(/^\d+-|\.yaml$/g, '').replaceAll('-', ' ');
  return [
    `## ${title.charAt(0).toUpperCase()}${title.slice(1)}`,
    '',
    description,
    '',
    '```yaml',
    shown(textOf(file)).trimEnd(),
    '```',
    '',
    '| case | verdict |',
    '| --- | --- |',
    ...cases.map(({ name, want }) => `| ${name} | ${wanted(want)} |`),
    '',
  ].join('\n');
}

/** The page, to the letter. */
export function cookbookPage(): string {
  const files = readdirSync(FOLDER).filter((name) => /^\d+-.*(?<!\.test)\.yaml$/.test(name));
  return [HEAD, ...files.sort().map(sectionOf)].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(fileURLToPath(new URL('../../docs/cookbook.md', import.meta.url)), cookbookPage());
}
