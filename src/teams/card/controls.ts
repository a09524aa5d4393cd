/** What may be done from a card: forms inside it, and links to where it does not count here. */
import type { JsonObject } from '../../contract/index.ts';
import type { ApprovalMessage } from '../../notify/approval-message.ts';
import { line } from '../../slack/blocks/parts-6/rich.ts';
import { list, plainText, safeUrl } from '../../slack/blocks/parts-6/text.ts';
import { isUnread } from '../../slack/blocks/parts-7/unread.ts';
import { executeAction, openUrl, paragraph, showCard, smallText, textInput } from './elements.ts';
import { CARD_INPUTS, CARD_CHANGES_MAX, MAX_REASON, type About, type Verb } from './model.ts';

export interface Controls {
  /** Sentences above the buttons. */
  body: JsonObject[];
  actions: JsonObject[];
}

/** @param whole Whether the card itself shows everything that a card of this message should. */
/** @param extent how much of the message the card shows */
export function controlsOf(message: ApprovalMessage, extent: 'whole' | 'part'): Controls {
  const url = safeUrl(message.consoleUrl);
  const open = url === null ? [] : [openUrl('Open console', url)];
  if (message.ask === null) return { body: [], actions: open };
  const passkey = message.ask === 'decision' && message.stages[message.stage]?.passkey === true;
  if (!message.controls.via.includes('teams') || passkey) return elsewhere(message, passkey, url);
  return message.ask === 'review' ? reviewing(message, open) : deciding(message, extent === 'whole', url);
}

const aboutOf = ({ action, revision, stage }: ApprovalMessage): JsonObject => {
  const about: About = { action, revision, stage };
  return { about: { ...about } };
};

const reason = (verb: Verb, label: string, need: 'required' | 'optional'): JsonObject =>
  textInput(CARD_INPUTS.reason(verb), label, { max: MAX_REASON, required: need === 'required' });

function deciding(message: ApprovalMessage, whole: boolean, url: string | null): Controls {
  const data = aboutOf(message);
  const { mayReturn, extendUntil } = message.controls;
  const unread = isUnread(message) || !whole;
  const actions: JsonObject[] = [];
  if (!unread) actions.push(approving(message, data));
  else if (url !== null) actions.push(openUrl('Read all, then decide', url));
  actions.push(
    showCard(
      'Refuse…',
      [reason('refuse', 'Why? It is sealed with your name.', 'required')],
      executeAction('Refuse', 'refuse', data, 'destructive'),
      'destructive',
    ),
  );
  if (mayReturn) {
    const question = reason('return', 'Your question. The time to decide goes on.', 'required');
    actions.push(showCard('Ask a question…', [question], executeAction('Ask', 'return', data)));
  }
  const choices = extendUntil === null ? [] : extensions(message.expiresAt ?? 0, extendUntil);
  if (choices.length > 0) {
    const until: JsonObject = {
      type: 'Input.ChoiceSet',
      id: CARD_INPUTS.until,
      label: 'Wait until',
      style: 'compact',
      isRequired: true,
      errorMessage: 'Choose until when to wait.',
      choices,
    };
    const forms = [until, reason('extend', 'Why? (optional)', 'optional')];
    actions.push(showCard('More time…', forms, executeAction('Wait longer', 'extend', data)));
  }
  if (url !== null && !unread) actions.push(openUrl('Open console', url));
  return {
    body: [...(unread ? [readFirst(message, url)] : []), smallText(plainText(message.responsibility, 400))],
    actions,
  };
}

/** One click approves the request as asked; a reason or a change has a form. */
function approving(message: ApprovalMessage, data: JsonObject): JsonObject {
  const { approveReason, mayChange } = message.controls;
  const required = approveReason === 'required';
  if (!required && mayChange.length === 0) return executeAction('Approve', 'approve', data, 'positive');
  const changes = mayChange
    .slice(0, CARD_CHANGES_MAX)
    .flatMap(({ label, value }, index) => [
      paragraph(line(`Change ${plainText(label, 60)}, or leave it:`)),
      textInput(CARD_INPUTS.change(index), 'New value', { max: 300, required: false, value: value ?? '' }),
    ]);
  const why = reason(
    'approve',
    required ? 'Why? It is sealed with your name.' : 'Why? (optional)',
    required ? 'required' : 'optional',
  );
  return showCard('Approve…', [...changes, why], executeAction('Approve', 'approve', data, 'positive'), 'positive');
}

function reviewing(message: ApprovalMessage, open: JsonObject[]): Controls {
  const data = aboutOf(message);
  const why = 'Why? It is sealed with your name.';
  return {
    body: [],
    actions: [
      showCard(
        'It was right…',
        [reason('approve', why, 'required')],
        executeAction('It was right', 'approve', data, 'positive'),
      ),
      showCard(
        'It was wrong…',
        [reason('refuse', why, 'required')],
        executeAction('It was wrong', 'refuse', data, 'destructive'),
      ),
      ...open,
    ],
  };
}

/** Where a decision in Teams does not count, there is a link, and no button that suggests otherwise. */
function elsewhere({ action }: ApprovalMessage, passkey: boolean, url: string | null): Controls {
  const why = passkey ? 'This step counts only with your passkey.' : 'Policy wants this decided outside Teams.';
  if (url !== null) {
    return { body: [smallText(`${why} Decide in the console.`)], actions: [openUrl('Open console', url)] };
  }
  const how = passkey ? 'the console' : `the console, or with countersign approve ${plainText(action, 100)}`;
  return { body: [smallText(`${why} Decide in ${how}.`)], actions: [] };
}

function readFirst({ unread = [], action }: ApprovalMessage, url: string | null): JsonObject {
  const labels = [...new Set(unread.map(({ label }) => plainText(label, 40)))];
  const said = `To be read before an approval counts: ${labels.length === 0 ? 'all of it' : list(labels, 6)}.`;
  return smallText(url === null ? `${said} Read it with countersign show --whole ${plainText(action, 100)}` : said);
}

const HOUR = 3600;
const STEPS: readonly (readonly [words: string, seconds: number])[] = [
  ['1 hour longer', HOUR],
  ['4 hours longer', 4 * HOUR],
  ['1 day longer', 24 * HOUR],
  ['3 days longer', 72 * HOUR],
];

/** Times after the present deadline, up to the last that policy allows. */
function extensions(expiresAt: number, latest: number): JsonObject[] {
  if (latest <= expiresAt) return [];
  return [
    ...STEPS.filter(([, seconds]) => expiresAt + seconds < latest).map(([title, seconds]) => ({
      title,
      value: String(expiresAt + seconds),
    })),
    { title: 'As long as policy allows', value: String(latest) },
  ];
}
