/** The modals: one for each kind of answer. Each shows its subject on top, and keeps the typed text when a submission is refused. */
import type { JsonObject } from '../../contract/index.ts';
import { type ApprovalMessage, type MessageChangeable, type ViewName, INPUTS, MAX_CHANGES, VIEWS } from './model.ts';
import { type Block, type Rendered, type View, LIMITS, input, option, plain, small } from './parts-6/kit.ts';
import { line, mono, rich, strong } from './parts-6/rich.ts';
import { cutWhole, plainText, sentence, shortId } from './parts-6/text.ts';
import { isWithheld } from './parts-7/unread.ts';
import { aboutBlocks } from './message.ts';
import { alertsOf } from './newer.ts';
import { pagesOf } from './parts-7/pages.ts';
import { deadline } from './parts-6/words.ts';
import { what, whoAsks } from './words.ts';

export interface ModalOptions {
  /** Goes to Slack and back; sealed by the listener. */
  metadata: string;
  /** What was typed before, by `block_id`, when a form opens again after a refused submission. */
  typed?: Readonly<Record<string, string>>;
  /** Why it opens again: shown on top. */
  problem?: string | null;
}

export interface FormParts {
  name: ViewName;
  title: string;
  submit: string;
  blocks: Block[];
  /** The subject; warnings come first. */
  about?: ApprovalMessage;
}

/** A modal with a form in it. */
export function form(parts: FormParts, options: ModalOptions): View {
  const problem = options.problem == null ? [] : [rich([line(`⚠️ ${plainText(sentence(options.problem), 600)}`)])];
  return {
    type: 'modal',
    callback_id: VIEWS[parts.name],
    title: plain(parts.title, LIMITS.title),
    submit: plain(parts.submit, LIMITS.title),
    close: plain('Cancel', LIMITS.title),
    private_metadata: options.metadata,
    blocks: [...problem, ...(parts.about === undefined ? [] : alertsOf(parts.about)), ...parts.blocks].slice(
      0,
      LIMITS.viewBlocks,
    ),
  };
}

/** Approving, where a reason is wanted or something may be changed. For a review: saying that it was right. */
export function approveModal(message: ApprovalMessage, options: ModalOptions): View {
  const review = message.ask === 'review';
  const required = review || message.controls.approveReason === 'required';
  const title = review ? 'It was right' : 'Approve';
  return form(
    {
      name: 'approve',
      about: message,
      title,
      submit: title,
      blocks: [
        summary(message),
        ...(review ? [] : changeInputs(message, options)),
        reasonInput('Reason', required ? 'required' : 'optional', options),
        ...(review ? [] : [small([plainText(message.responsibility, 600)])]),
      ],
    },
    options,
  );
}

export function refuseModal(message: ApprovalMessage, options: ModalOptions): View {
  const title = message.ask === 'review' ? 'It was wrong' : 'Refuse';
  const hint = 'The requester reads it, and it is sealed.';
  return form(
    {
      name: 'refuse',
      about: message,
      title,
      submit: title,
      blocks: [summary(message), reasonInput('Reason', 'required', options, hint)],
    },
    options,
  );
}

export function returnModal(message: ApprovalMessage, options: ModalOptions): View {
  const hint = 'It goes to the requester. The time to decide goes on.';
  const blocks = [summary(message), reasonInput('What do you need to know?', 'required', options, hint)];
  return form({ name: 'return', title: 'Ask a question', submit: 'Ask', blocks }, options);
}

export function extendModal(message: ApprovalMessage, options: ModalOptions): View {
  const latest = message.controls.extendUntil ?? message.expiresAt ?? 0;
  const initial = Number(options.typed?.[INPUTS.until] ?? Math.min(latest, (message.expiresAt ?? latest) + 3600));
  const valid = Number.isSafeInteger(initial) && initial >= 1_000_000_000 && initial <= 9_999_999_999;
  const picker: JsonObject = { type: 'datetimepicker', ...(valid ? { initial_date_time: initial } : {}) };
  const blocks = [
    summary(message),
    input(INPUTS.until, 'Wait until', picker, { hint: plain('Policy sets the latest time.', 150) }),
    reasonInput('Reason', 'optional', options),
  ];
  return form({ name: 'extend', title: 'More time', submit: 'Give more time', blocks }, options);
}

/** Everything about one action, with the decision inside. It opens from the Home tab and from `/countersign`. */
export function openModal(message: ApprovalMessage, options: OpenOptions): View {
  const pages = canDecide(message) ? pagesOf(message) : [];
  const page = pages[options.page ?? 0];
  if (page !== undefined) {
    const title = `Read: ${(options.page ?? 0) + 1} of ${pages.length}`;
    return form({ name: 'open', title, submit: 'Read on', blocks: page }, options);
  }
  const blocks = openBlocks(message, options);
  if (!canDecide(message)) return notice('Action', blocks, VIEWS.open);
  return form({ name: 'open', about: message, title: 'Decide', submit: 'Decide', blocks }, options);
}

export interface OpenOptions extends ModalOptions {
  person: string;
  /** From 0; the last page, after everything to read, holds the decision. */
  page?: number;
  /** An older version of the renderer, where its bytes are wanted again. */
  as?: 'slack/8' | undefined;
}

/** The page of the form that holds the decision. */
export const lastPage = (message: ApprovalMessage): number => (canDecide(message) ? pagesOf(message).length : 0);

/**
 * The text of that form, on all of its pages, without anything that changes by the minute, and without the alert, which only
 * repeats what stands below and not every client has. It is hashed and sealed with the decision.
 */
export function openShown(message: ApprovalMessage, person: string, as?: 'slack/8'): Rendered {
  const pages = Array.from({ length: lastPage(message) + 1 }, (_, page) =>
    openModal(message, { metadata: '', person, page, as }),
  );
  const read = pages.flatMap(({ blocks }) => blocks).filter(({ type }) => type !== 'alert');
  return { text: what(message), blocks: read };
}

/** Whether a decision in Slack would count at all. */
export function canDecide(message: ApprovalMessage): boolean {
  const passkey = message.ask === 'decision' && message.stages[message.stage]?.passkey === true;
  return message.ask !== null && message.controls.via.includes('slack') && !passkey;
}

function openBlocks(message: ApprovalMessage, options: OpenOptions): Block[] {
  const blocks = [
    rich([line(strong(what(message), 120))]),
    ...aboutBlocks(message, { person: options.person, plain: true, as: options.as }),
  ];
  if (!canDecide(message)) return blocks;
  const review = message.ask === 'review';
  const choices = [
    ...(isWithheld(message) ? [] : [option(review ? 'It was right' : 'Approve', 'approve')]),
    option(review ? 'It was wrong' : 'Refuse', 'refuse'),
    ...(!review && message.controls.mayReturn ? [option('Ask a question', 'return')] : []),
  ];
  return [
    ...blocks,
    choice(choices, options),
    ...(review ? [] : changeInputs(message, options)),
    reasonInput('Reason', 'optional', options, reasonHint(message)),
    ...(review ? [] : [small([plainText(message.responsibility, 600)])]),
  ];
}

export function reasonHint(message: ApprovalMessage): string {
  const always = message.ask === 'review' || message.controls.approveReason === 'required';
  return always ? 'Needed for every decision.' : 'Needed for everything but approving.';
}

export function choice(options: JsonObject[], { typed }: ModalOptions): Block {
  const before = options.find(({ value }) => value === typed?.[INPUTS.decision]);
  return input(INPUTS.decision, 'Your decision', {
    type: 'radio_buttons',
    options,
    ...(before === undefined ? {} : { initial_option: before }),
  });
}

/** What, who for whom, until when. */
export function summary(message: ApprovalMessage): Block {
  const lines = [line(strong(what(message), 120)), whoAsks(message), deadline(message)];
  return rich(lines.filter((one) => one !== null));
}

export function reasonInput(label: string, need: 'required' | 'optional', options: ModalOptions, hint?: string): Block {
  const typed = options.typed?.[INPUTS.reason];
  const element: JsonObject = {
    type: 'plain_text_input',
    multiline: true,
    max_length: LIMITS.reason,
    ...(typed === undefined || typed === '' ? {} : { initial_value: cutWhole(typed, LIMITS.reason) }),
  };
  return input(INPUTS.reason, label, element, {
    optional: need === 'optional',
    ...(hint === undefined ? {} : { hint: plain(hint, 150) }),
  });
}

export function changeInputs(message: ApprovalMessage, { typed }: ModalOptions): Block[] {
  return message.controls.mayChange.slice(0, MAX_CHANGES).map((change, index) => {
    const block = INPUTS.change(index);
    const initial = typed?.[block] ?? change.value;
    const label = `Change ${plainText(change.label, 80)}`;
    const hint = change.kind === 'text' ? 'Leave it as it is to change nothing.' : 'It can only be lowered.';
    return input(block, label, changeElement(change, initial), { optional: true, hint: plain(hint, 150) });
  });
}

function changeElement({ kind }: MessageChangeable, initial: string | null): JsonObject {
  const numeric = initial === null || /^-?\d{1,40}(\.\d{1,40})?$/.test(initial);
  if (kind === 'number' && numeric) {
    return {
      type: 'number_input',
      is_decimal_allowed: true,
      ...(initial === null ? {} : { initial_value: initial }),
    };
  }
  const value = initial === null ? '' : plainText(initial, 500);
  return { type: 'plain_text_input', max_length: 500, ...(value === '' ? {} : { initial_value: value }) };
}

/** A modal with text only. @param blocks At least one. */
export function notice(title: string, blocks: Block[], callbackId = 'notice'): View {
  return {
    type: 'modal',
    callback_id: callbackId,
    title: plain(title, LIMITS.title),
    close: plain('Close', LIMITS.title),
    blocks: blocks.slice(0, LIMITS.viewBlocks),
  };
}

/** Opened immediately while the rest is looked up, because a trigger lives three seconds. */
export const loadingModal = (): View => notice('One moment', [rich([line('Looking it up…')])]);

/** Shown after two seconds without an answer: the decision is on its way, and this view will show the result. */
export function sealingModal(action: string): View {
  const text = line(
    'Your decision on ',
    mono(shortId(action), 20),
    ' is being sealed. It takes longer than usual; this window will tell.',
  );
  return notice('Being sealed', [rich([text])]);
}

/** @param text Ours or an error's: one or two sentences. */
export const textModal = (title: string, text: string): View => notice(title, [rich([line(plainText(text, 2000))])]);
