/** Standing approvals: the form that gives one, and the list with the button that ends one. */
import type { JsonObject } from '../../contract/index.ts';
import { type ApprovalMessage, ACTIONS, INPUTS } from './model.ts';
import { type Block, type View, actionsBlock, button, divider, header, input, plain, small } from './parts-6/kit.ts';
import { type Line, dated, line, rich, strong } from './parts-6/rich.ts';
import { plainText } from './parts-6/text.ts';
import { form, reasonInput, summary, type ModalOptions } from './modals.ts';

/** A standing approval in force. Times are seconds since the epoch. */
export interface HomeGrant {
  id: string;
  /** Display name of who gave it. */
  by: string;
  verb: string;
  surface: string;
  actor: string;
  until: number;
  uses: number;
  used: number;
  /** Exact decimals; null where it has no bound of money. */
  upTo: string | null;
  sum: string;
  currency: string | null;
}

/**
 * Approves this and similar requests: until when, how many, how much in all. Prefilled with the most that policy allows.
 *
 * @param now Seconds since the epoch.
 */
export function grantModal(message: ApprovalMessage, options: ModalOptions & { now: number }): View {
  const bounds = message.controls.mayGrant;
  const required = message.controls.approveReason === 'required';
  const typed = options.typed ?? {};
  const latest = options.now + (bounds?.within ?? 0);
  const until = Number(typed[INPUTS.until] ?? latest);
  const valid = Number.isSafeInteger(until) && until >= 1_000_000_000 && until <= 9_999_999_999;
  const blocks: Block[] = [
    summary(message),
    rich([
      line(
        'Yes to this one, and to the like of it: the same action by ',
        strong(message.actor.id, 80),
        ', by the same rule.',
      ),
      line(
        'Each is judged, counted and sealed, and told in the thread. You, and whoever else is asked, can end it at any time.',
      ),
    ]),
    input(
      INPUTS.until,
      'Until',
      { type: 'datetimepicker', ...(valid ? { initial_date_time: until } : {}) },
      { hint: plain('Policy sets the latest time.', 150) },
    ),
    input(INPUTS.uses, 'How many', numberElement(typed[INPUTS.uses] ?? String(bounds?.uses ?? 1), 'whole'), {
      hint: plain(`At most ${String(bounds?.uses ?? 1)}.`, 150),
    }),
    ...(bounds?.upTo == null ? [] : [upToInput(bounds.upTo, bounds.currency, typed[INPUTS.upTo])]),
    reasonInput('Reason', required ? 'required' : 'optional', options),
    small([plainText(message.responsibility, 600)]),
  ];
  return form({ name: 'grant', title: 'Approve the like', submit: 'Approve', blocks }, options);
}

function upToInput(most: string, currency: string | null, typed: string | undefined): Block {
  const hint = plain(`At most ${plainText(most, 30)}${currency === null ? '' : ` ${plainText(currency, 10)}`}.`, 150);
  return input(INPUTS.upTo, 'How much in all', numberElement(typed ?? most, 'decimal'), { hint });
}

const numberElement = (initial: string, kind: 'whole' | 'decimal'): JsonObject => ({
  type: 'number_input',
  is_decimal_allowed: kind === 'decimal',
  min_value: '0',
  ...(/^\d{1,20}(\.\d{1,20})?$/.test(initial) ? { initial_value: initial } : {}),
});

const LISTED_MAX = 10;

/** What it covers, and what was used of it. */
function about(grant: HomeGrant): Line[] {
  const { verb, surface, actor, by, until, uses, used, upTo, sum, currency } = grant;
  const money =
    upTo === null ? '' : `, ${plainText(sum, 30)} of ${plainText(upTo, 30)} ${plainText(currency ?? '', 10)}`;
  return [
    line('🔁 ', strong(verb, 60), ` on ${plainText(surface, 60)} by ${plainText(actor, 80)}`),
    line(
      `${String(used)} of ${String(uses)} used${money.trimEnd()} · until `,
      dated(until),
      ` · given by ${plainText(by, 80)}`,
    ),
  ];
}

/** Ends a grant immediately. Slack asks for confirmation before it sends the click. */
export function revokeButton(id: string, label: string): JsonObject {
  return {
    ...button(ACTIONS.revokeGrant, 'End it', id.slice(0, 64), { style: 'danger', label }),
    confirm: {
      title: plain('End this standing approval?', 100),
      text: plain('Nothing is released under it from now on.', 300),
      confirm: plain('End it', 30),
      deny: plain('Keep it', 30),
    },
  };
}

/** The part of the Home tab about them; empty when there is none. */
export function grantBlocks(grants: readonly HomeGrant[]): Block[] {
  if (grants.length === 0) return [];
  const items = grants
    .slice(0, LISTED_MAX)
    .flatMap((grant): Block[] => [
      rich(about(grant)),
      actionsBlock(null, [revokeButton(grant.id, `End the standing approval for ${plainText(grant.verb, 40)}`)]),
    ]);
  const more = grants.length - LISTED_MAX;
  return [
    header('Standing approvals'),
    ...items,
    ...(more > 0 ? [small([`And ${String(more)} more: see the console.`])] : []),
    divider,
  ];
}
