/** App Home, the inbox: waiting for you, overdue reviews, you decided. */
import { type ApprovalMessage, ACTIONS, buttonValue } from './model.ts';
import { freezeBlocks, type HomeFreeze } from './freezes.ts';
import { grantBlocks, type HomeGrant } from './grants.ts';
import { type Block, type View, actionsBlock, button, divider, header, small } from './parts-6/kit.ts';
import { type Piece, dated, line, linked, mono, rich, strong } from './parts-6/rich.ts';
import { list, plainText, safeUrl, sentence, shortId } from './parts-6/text.ts';
import { deadline, progress } from './parts-6/words.ts';
import { what, whoAsks } from './words.ts';

/** One line of “you decided”. Times are seconds since the epoch. */
export interface HomeDecided {
  action: string;
  summary: string;
  decision: string;
  at: number;
  state: string;
  consoleUrl: string | null;
}

export interface HomeReview {
  action: string;
  summary: string;
  dueAt: number;
  reviewers: string[];
  consoleUrl: string | null;
}

export interface Home {
  name: string;
  waiting: ApprovalMessage[];
  decided: HomeDecided[];
  reviews: HomeReview[];
  /** Active freezes. */
  freezes?: HomeFreeze[];
  /** Whether this person may lift it. */
  mayLift?: boolean;
  /** Standing approvals that this person may end. */
  grants?: HomeGrant[];
}

const LISTED_MAX = { waiting: 20, decided: 10, reviews: 10 };

export function homeView(home: Home): View {
  const blocks: Block[] = [
    ...freezeBlocks(home.freezes ?? [], { mayLift: home.mayLift === true }),
    ...grantBlocks(home.grants ?? []),
    header('Waiting for you'),
    ...orNothing(home.waiting.slice(0, LISTED_MAX.waiting).flatMap(waitingItem), 'Nothing waits for you.'),
    ...more(home.waiting.length, LISTED_MAX.waiting),
  ];
  if (home.reviews.length > 0) {
    blocks.push(divider, header('Overdue reviews'), ...home.reviews.slice(0, LISTED_MAX.reviews).map(reviewItem));
    blocks.push(...more(home.reviews.length, LISTED_MAX.reviews));
  }
  blocks.push(
    divider,
    header('You decided'),
    ...orNothing(home.decided.slice(0, LISTED_MAX.decided).map(decidedItem), 'Nothing yet.'),
    small([`You are ${plainText(home.name, 80)} in the directory.`]),
  );
  return { type: 'home', blocks };
}

/** The Home tab of a user who is not in the directory. @param why Part of a sentence. */
export const noHomeView = (why: string): View => ({
  type: 'home',
  blocks: [header('Countersign'), rich([line(plainText(sentence(why), 600))])],
});

/** One waiting action, and the button that opens it. */
export function waitingItem(message: ApprovalMessage): Block[] {
  const late = message.state === 'review_overdue' ? 'Overdue review' : 'Review';
  const title = message.ask === 'review' ? `🚨 ${late}: ${what(message)}` : what(message);
  const open = button(ACTIONS.openForm, 'Open…', buttonValue(message), { label: `Open ${what(message)}` });
  const steps = progress(message);
  const about = [whoAsks(message), deadline(message), steps === null ? null : line(steps)];
  const lines = [line(strong(title, 140)), ...about.filter((one) => one !== null)];
  return [rich(lines), actionsBlock(null, [open])];
}

function reviewItem(review: HomeReview): Block {
  const who = list(
    review.reviewers.map((name) => plainText(name, 60)),
    4,
  );
  return rich([
    line('🚨 ', strong(review.summary, 150), ' · due ', dated(review.dueAt)),
    line(`Reviewers: ${who} · `, reference(review)),
  ]);
}

const SAID = new Map([
  ['approve', 'You approved'],
  ['refuse', 'You refused'],
  ['return', 'You asked a question'],
  ['extend', 'You gave more time'],
]);

function decidedItem(item: HomeDecided): Block {
  const did = plainText(SAID.get(item.decision) ?? item.decision, 60);
  return rich([
    line(strong(item.summary, 150)),
    line(`${did} · `, dated(item.at), ` · now ${plainText(item.state, 40)} · `, reference(item)),
  ]);
}

function reference({ action, consoleUrl }: { action: string; consoleUrl: string | null }): Piece {
  const url = safeUrl(consoleUrl);
  return url === null ? mono(shortId(action), 20) : linked(url, shortId(action));
}

const orNothing = (blocks: Block[], nothing: string): Block[] => (blocks.length > 0 ? blocks : [rich([line(nothing)])]);

const more = (all: number, listed: number): Block[] =>
  all > listed ? [small([`And ${all - listed} more: see the console.`])] : [];
