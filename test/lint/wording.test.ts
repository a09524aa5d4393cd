/** Comments are plain English, and things have names that say what they are. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { readSources, ROOT, type Source } from '../support/sources.ts';

/** A renderer that records were sealed with is a copy that stays as it was. */
const FROZEN = /^src\/slack\/blocks\/slack-\d+\//;
const sources = readSources('src').filter(({ file }) => !FROZEN.test(file));

/** Phrases that a reader has to untangle, and what to say instead. */
const PHRASES: readonly [RegExp, string][] = [
  [/\bat once\b/i, 'immediately, or concurrently'],
  [/\bof (its|their|his|her|our|your) own\b/i, 'separate, new, or nothing at all'],
  [/\bwhoever\b/i, 'the person, caller or process that is meant'],
  [/\bas (it|they) stands?\b/i, 'current, or unchanged'],
  [/\bin force by now\b/i, 'current'],
  [/\btold of\b/i, 'called with, notified of, or gets'],
  [/\b(payloads|records|releases|results|verdicts|workers|workflows) of before\b/i, 'older'],
  [/\bcounts? no more\b/i, 'no longer counts, or revoked'],
  [/\b(begun|made|read) anew\b/i, 'restarted, rebuilt, or read again'],
  [/\bone right spelling\b/i, 'canonical spelling'],
  [/\bwhat is (asked|told|said|shown)\b/i, 'the request, the message, the decision'],
];

/** The comments of a source, each with its line breaks folded. */
function commentsOf({ text }: Pick<Source, 'text'>): string[] {
  const lines = [...text.matchAll(/^\s*(?:\/\/|\*(?!\/)|\/\*\*?|\{\/\*)(.*)$|\s\/\/ (.*)$/gm)];
  return [lines.map(([, whole = '', trailing = '']) => whole || trailing).join(' ')];
}

const phrasesIn = (source: Pick<Source, 'text'>): string[] =>
  commentsOf(source).flatMap((comment) =>
    PHRASES.flatMap(([phrase, instead]) => {
      const found = phrase.exec(comment.replace(/\s+/g, ' '));
      return found === null ? [] : [`“${found[0]}”: say ${instead}`];
    }),
  );

describe('comments', () => {
  it('are said as to a new colleague', () => {
    const found = sources.flatMap((source) => phrasesIn(source).map((problem) => `${source.file}: ${problem}`));
    expect(found).toEqual([]);
  });

  it.each([
    '/** Whoever asks gets the answer. */',
    '  // Each has a key of its own.',
    'call(); // at once',
    '/**\n * Answered with what\n * is asked.\n */',
  ])('would be told of %j', (text) => {
    expect(phrasesIn({ text })).toHaveLength(1);
  });
});

/** Words that say when or how, and not what. */
const NO_NAMES = [
  ...['own', 'found', 'kept', 'told', 'news', 'shown', 'turn', 'short', 'never'],
  ...['Own', 'Found', 'Kept', 'Told', 'News', 'Shown', 'Turn'],
];

/** Rooms' files with a member `shown` that the contract names: sealed records, attested words, answers of the API. */
const SHOWN = [
  'cli/{show.ts,shown.ts}',
  'console/web/pages/{decide-form.tsx,deciding.tsx,shown-again.tsx}',
  'console/web/view/shown.ts',
  'contract/{action.ts,record.ts}',
  'contract/views/{receipt.ts,whole.ts}',
  'engine/{admit.ts,decisions.ts,passkey.ts,review.ts,types.ts}',
  'engine/plans/withdraw.ts',
  'gateway/{decide.ts,inputs.ts,passkeys.ts,review.ts,slack-door.ts,slack-types.ts,whole.ts}',
  'identity/attestation.ts',
  'sealing/{passkey.ts,record-schema.ts,shown.ts}',
  'slack/listeners/actions/approve.ts',
  'slack/listeners/views/alike.ts',
  'slack/submitting.ts',
  'teams/door.ts',
];
/** The same hash in the metadata of forms that are open in Slack while the product is replaced. */
const SHOWN_IN_FORMS = [
  'slack/listeners/actions/{lift-form.ts,open-form.ts,plan-form.ts}',
  'slack/{metadata.ts,opening.ts}',
];

const shownIn = (places: readonly string[], why: string): Record<string, string> =>
  Object.fromEntries(
    places.flatMap((place) => {
      const [, folder = '', names = place] = /^(.*\/)\{(.*)\}$/.exec(place) ?? [];
      return names.split(',').map((name) => [`src/${folder}${name}: shown`, why]);
    }),
  );

/** Why a name stays: what others have read under it cannot be renamed. */
const STAYS: Record<string, string> = {
  ...shownIn(
    SHOWN,
    'a member of sealed records, of what people attest, or of an answer of the API (contract section 6)',
  ),
  ...shownIn(SHOWN_IN_FORMS, 'a member of the metadata of open forms'),
  'src/notify/shown.ts: shown': 'a member of stored payloads',
  'src/store/action-state.ts: shown': 'a member of stored payloads',
  'src/cli/verify.ts: shown': 'an option of the command line, and a member of the report that it prints as JSON',
  'src/activities/types.ts: found': 'a result in recorded histories',
  'src/engine/erase.ts: found': 'a result in recorded histories',
  'src/workflows/retention.ts: found': 'a result in recorded histories',
  'src/notify/types.ts: news': 'an input in recorded histories',
  'src/workflows/outbox.ts: news': 'an input in recorded histories',
  'src/notify/types.ts: told': 'a result in recorded histories',
  'src/notify/tell-people.ts: told': 'a result in recorded histories',
  'src/approval/types.ts: short': 'part of approval states in recorded histories and rows',
  'src/approval/open.ts: short': 'part of approval states in recorded histories and rows',
  'src/approval/timers.ts: short': 'part of approval states in recorded histories and rows',
  'src/notify/message.ts: short': 'part of approval states in recorded histories and rows',
  'src/contract/views/findings.ts: found': 'a member of an answer of the API',
  'src/gateway/findings.ts: found': 'a member of an answer of the API',
  'src/cli/findings.ts: found': 'a member of an answer of the API',
  'src/evidence/audit.ts: found': 'a member of the report that the command line prints as JSON',
  'src/cli/audit.ts: found': 'a member of the report that the command line prints as JSON',
  'src/archive/check/check.ts: found': 'a member of the report that the command line prints as JSON',
  'src/archive/check/folder.ts: found': 'a member of the report that the command line prints as JSON',
  'src/cli/archive/describe.ts: found': 'a member of the report that the command line prints as JSON',
};

/** Names that a file gives to variables, parameters, functions, types and members, without those of texts for people. */
function namesOf(tree: ts.SourceFile): string[] {
  const names: string[] = [];
  const visit = (node: ts.Node): void => {
    const { name } = node as { name?: ts.Node };
    if (name !== undefined && ts.isIdentifier(name) && !ts.isPropertyAccessExpression(node)) names.push(name.text);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return names;
}

it('names say what a thing is', () => {
  const named = sources.flatMap(({ file, tree }) => {
    const names = new Set(namesOf(tree));
    return NO_NAMES.filter((name) => names.has(name)).map((name) => `${file}: ${name}`);
  });
  expect(named.sort()).toEqual(Object.keys(STAYS).sort());
});

describe('the glossary', () => {
  const words = readFileSync(join(ROOT, 'docs/glossary.md'), 'utf8')
    .split('\n')
    .flatMap((line) => /^\| (?!word |---)([^|]+) \|/.exec(line)?.[1] ?? []);

  it('is in alphabetical order', () => {
    expect(words.length).toBeGreaterThan(40);
    expect(words).toEqual([...words].sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1)));
  });

  it('has no word that is not in a name of the code', () => {
    const names = [...new Set(sources.flatMap(({ tree }) => namesOf(tree)))].join(' ').toLowerCase();
    const unused = words.filter((word) => {
      const code = [...word.matchAll(/`(\w+)`/g)].map(([, name = '']) => name);
      const plain = word.replace(/ \(.*/, '').split(', ');
      return (code.length > 0 ? code : plain).some((one) => !names.includes(one.replaceAll(' ', '').toLowerCase()));
    });
    expect(unused).toEqual([]);
  });
});
