/** Active freezes, and the form that lifts one. */
import { ACTIONS } from './model.ts';
import { type Block, type Rendered, type View, actionsBlock, button, divider, header } from './parts-6/kit.ts';
import { dated, line, mono, rich, strong } from './parts-6/rich.ts';
import { form, reasonInput, type ModalOptions } from './modals.ts';
import { clean, plainText } from './parts-6/text.ts';

/** An active freeze. Times are seconds since the epoch. */
export interface HomeFreeze {
  id: string;
  scope: { kind: 'tenant' } | { kind: 'surface' | 'actor'; value: string };
  reason: string;
  by: string;
  at: number;
}

/** `everything`, `surface payments.refund`. Plain text. */
export const frozenWhat = (scope: HomeFreeze['scope']): string =>
  scope.kind === 'tenant' ? 'everything' : `${scope.kind} ${plainText(scope.value, 120)}`;

const LISTED_MAX = 10;

/** What it stops and why, and the button that lifts it. */
function item(freeze: HomeFreeze, { mayLift }: { mayLift: boolean }): Block[] {
  const { id, scope, reason, by, at } = freeze;
  const label = `Lift the freeze of ${frozenWhat(scope)}`;
  const about = rich([
    line('🧊 ', strong(frozenWhat(scope), 150), ' · since ', dated(at), `, by ${plainText(by, 80)}`),
    line(`“${plainText(reason, 300)}” · `, mono(shortFreeze(id), 20)),
  ]);
  return mayLift
    ? [about, actionsBlock(null, [button(ACTIONS.liftForm, 'Lift…', id.slice(0, 64), { label })])]
    : [about];
}

const shortFreeze = (id: string): string => [...clean(id)].slice(0, 12).join('');

/** The part of the Home tab about freezes; empty when there is none. */
export function freezeBlocks(freezes: readonly HomeFreeze[], { mayLift }: { mayLift: boolean }): Block[] {
  if (freezes.length === 0) return [];
  return [header('Frozen'), ...freezes.slice(0, LISTED_MAX).flatMap((freeze) => item(freeze, { mayLift })), divider];
}

export function freezesAnswer(freezes: readonly HomeFreeze[]): Rendered {
  const title = freezes.length === 0 ? 'Nothing is frozen.' : `${freezes.length} frozen`;
  const blocks = freezes.length === 0 ? [rich([line(title)])] : freezeBlocks(freezes, { mayLift: false }).slice(0, -1);
  return { text: title, blocks };
}

export function liftModal(freeze: HomeFreeze, options: ModalOptions): View {
  const about = rich([
    line(
      strong(frozenWhat(freeze.scope), 150),
      ' goes on: what was approved meanwhile is released, and permits that are still in time count again.',
    ),
  ]);
  const hint = 'It is sealed with your name.';
  const blocks = [about, reasonInput('Why may it go on?', 'required', options, hint)];
  return form({ name: 'lift', title: 'Lift the freeze', submit: 'Lift', blocks }, options);
}
