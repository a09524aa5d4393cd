/** Actions that people let through: one row each, and totals by approver, surface and currency. */
import { UNKNOWN_CALLER } from '../contract/engine-names.ts';
import {
  actingIds,
  CountersignError,
  presenceIn,
  PRESENCES,
  type DecisionRecord,
  type Presence,
} from '../contract/index.ts';
import type { OverridesReport, OverrideView } from '../contract/views/index.ts';
import { MoneyLedger } from '../archive/money-ledger.ts';
import {
  actorText,
  exportLine,
  isStory,
  MoneyTotals,
  storyOf,
  surfaceOf,
  whatOf,
  type ExportRecord,
  type Money,
  type Story,
} from '../export/index.ts';
import type { Caller } from '../identity/index.ts';
import { mayAudit } from './access.ts';
import type { GatewayDeps } from './deps.ts';
import { periodOf } from './period.ts';

/** Actions that are listed. */
const ITEMS_MAX = 10_000;

/** @throws CountersignError `forbidden`, `invalid-request` for what is no time. */
export async function overridesReport(
  deps: Pick<GatewayDeps, 'store' | 'now'>,
  caller: Caller,
  from: string | undefined,
  to: string | undefined,
): Promise<OverridesReport> {
  if (!mayAudit(caller)) throw new CountersignError('forbidden', 'only an auditor or an owner reads this report');
  const time = periodOf(deps, { from, to });
  const report = new Report(await deps.store.actions.reversals(caller.tenant));
  let cut = false;
  for await (const { story, money } of released(deps, caller.tenant, time)) {
    if (report.items.length >= ITEMS_MAX) {
      cut = true;
      break;
    }
    report.add(story, money);
  }
  return { ...time, cut, total: report.items.length, ...report.report() };
}

/** Actions that were released in a period, each with all its records. */
async function* released(
  { store }: Pick<GatewayDeps, 'store'>,
  tenant: string,
  time: { from: string; to: string },
): AsyncGenerator<{ story: Story; money: Money | null }> {
  const size = (await store.log.head(tenant))?.size ?? 0;
  const ledger = new MoneyLedger((hash) => store.bundles.get(tenant, hash));
  const open = new Map<string, ExportRecord[]>();
  for await (const page of store.records.scan(tenant, { filter: { type: 'release', ...time }, size, whole: true })) {
    for (const { index, envelope, last } of page) {
      const { line: _line, ...one } = exportLine({ index, envelope });
      const records = [...(open.get(one.record.action) ?? []), one];
      const money = await ledger.after(one.record);
      if (!last) {
        open.set(one.record.action, records);
        continue;
      }
      open.delete(one.record.action);
      ledger.forget(one.record.action);
      const story = storyOf(records);
      if (isStory(story)) yield { story, money };
    }
  }
}

class Report {
  readonly items: OverrideView[] = [];
  readonly #approvers = new Groups();
  readonly #surfaces = new Groups();
  readonly #currencies = new MoneyTotals();
  readonly #presences = new Groups();
  readonly #neverReversed = new Groups();
  readonly #reversedBy: ReadonlyMap<string, readonly string[]>;

  /** @param reversals Executed actions that took another one back. */
  constructor(reversals: readonly { of: string; by: string }[]) {
    const reversedBy = new Map<string, string[]>();
    for (const { of, by } of reversals) reversedBy.set(of, [...(reversedBy.get(of) ?? []), by]);
    this.#reversedBy = reversedBy;
  }

  add(story: Story, money: Money | null): void {
    const item = itemOf(story, money, this.#reversedBy.get(story.id) ?? []);
    if (item === null) return;
    this.items.push(item);
    for (const by of item.approvedBy) this.#approvers.add(by, money);
    this.#surfaces.add(item.surface, money);
    this.#currencies.add(money);
    const weakest = PRESENCES.findLast((presence) => item.presence.includes(presence));
    if (weakest !== undefined) this.#presences.add(weakest, money);
    if (stands(item)) this.#neverReversed.add(NEVER_REVERSED, money);
  }

  report(): Omit<OverridesReport, 'from' | 'to' | 'cut' | 'total'> {
    return {
      items: [...this.items].reverse(),
      approvers: this.#approvers.list().map(({ name, ...group }) => ({ approver: name, ...group })),
      surfaces: this.#surfaces.list().map(({ name, ...group }) => ({ surface: name, ...group })),
      currencies: this.#currencies.list(),
      presences: PRESENCES.flatMap((presence) => {
        const group = this.#presences.get(presence);
        return group === null ? [] : [{ presence, ...group }];
      }),
      neverReversed: this.#neverReversed.get(NEVER_REVERSED) ?? { actions: 0, money: [] },
    };
  }
}

const NEVER_REVERSED = 'never reversed';

/** Executed, and not reversed since. */
const stands = ({ outcome, effect, reverses, reversedBy }: OverrideView): boolean =>
  outcome === 'executed' && effect !== 'read' && reverses === null && reversedBy.length === 0;

/** Totals by name, most actions first. An action that two people approved counts for both. */
class Groups {
  readonly #groups = new Map<string, { actions: number; money: MoneyTotals }>();

  add(name: string, money: Money | null): void {
    const group = this.#groups.get(name) ?? { actions: 0, money: new MoneyTotals() };
    this.#groups.set(name, group);
    group.actions += 1;
    group.money.add(money);
  }

  get(name: string): { actions: number; money: ReturnType<MoneyTotals['list']> } | null {
    const group = this.#groups.get(name);
    return group === undefined ? null : { actions: group.actions, money: group.money.list() };
  }

  list(): { name: string; actions: number; money: ReturnType<MoneyTotals['list']> }[] {
    return [...this.#groups]
      .map(([name, { actions, money }]) => ({ name, actions, money: money.list() }))
      .sort((a, b) => b.actions - a.actions || (a.name < b.name ? -1 : 1));
  }
}

/** Null for what a rule or an observing policy released. */
function itemOf(story: Story, money: Money | null, reversedBy: readonly string[]): OverrideView | null {
  const { verdict, release, decisions, ending, records } = story;
  if (verdict === null || release === null) return null;
  if (release.basis !== 'override' && release.basis !== 'break_glass') return null;
  const receipt = records.find(({ record }) => record === release)?.hash;
  if (receipt === undefined) return null;
  const approvals = decisions.filter(({ record }) => record.decision === 'approve').map(({ record }) => record);
  const approvedBy = release.basis === 'override' ? [...new Set(approvals.map(({ by }) => by))] : [wordOf(story)];
  return {
    action: story.id,
    surface: surfaceOf(story),
    what: whatOf(story, money),
    askedBy: actorText(verdict.actor),
    askedAt: verdict.at,
    approvedBy,
    approvedAt: approvals.at(-1)?.at ?? release.at,
    tookSeconds: Math.round((Date.parse(release.at) - Date.parse(verdict.at)) / 1000),
    currency: money?.currency ?? null,
    amounts: {
      asked: money?.asked ?? null,
      approved: money?.approved ?? null,
      released: money?.released ?? null,
      executed: money?.executed ?? null,
    },
    basis: release.basis,
    outcome: ending,
    presence: approvedBy.flatMap((by) => presenceOfApproval(approvals, by)),
    effect: verdict.effect?.kind ?? null,
    reverses: verdict.reverses ?? null,
    reversedBy: [...reversedBy],
    receipt,
  };
}

function presenceOfApproval(approvals: readonly DecisionRecord[], by: string): Presence[] {
  const last = approvals.findLast((record) => record.by === by);
  const presence = last === undefined ? null : presenceIn(last);
  return presence === null ? [] : [presence];
}

/** The person who broke the glass: the one at the end of the actor's chain. */
function wordOf({ verdict }: Story): string {
  return (verdict === null ? [] : actingIds(verdict.actor)).at(-1) ?? UNKNOWN_CALLER;
}
