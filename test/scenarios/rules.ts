/**
 * What policy promises about who may release something, written down once more and without the engine: sequences of what people do,
 * what each of them should be answered, and what a chain of sealed records must look like whatever happened.
 */
import fc from 'fast-check';
import type { Answer, Name, StorySpec } from './world.ts';

const ASKED = ['ann', 'bob', 'cid', 'dee', 'eve'] as const satisfies readonly Name[];
/** Beside them the person behind the request, and somebody whom nobody asks. */
const ANYONE = [...ASKED, 'req', 'fay'] as const satisfies readonly Name[];

export interface Stage {
  approvers: Name[];
  quorum: number;
  refusals: number;
}

export interface Plan {
  stages: Stage[];
  fourEyes: boolean;
  /** Seconds. */
  expires: number;
}

export type Command =
  | { do: 'decide'; by: Name; decision: 'approve' | 'refuse'; twice: boolean }
  | { do: 'delegate'; from: Name; to: Name }
  | { do: 'leave'; who: Name }
  | { do: 'wait'; ms: number }
  | { do: 'cancel' }
  | { do: 'freeze' }
  | { do: 'thaw' };

const stage = (fourEyes: boolean): fc.Arbitrary<Stage> =>
  fc
    .record({
      approvers: fc.uniqueArray(fc.constantFrom<Name>(...ASKED, ...ASKED, 'req'), { minLength: 2, maxLength: 4 }),
      quorum: fc.constantFrom(1, 2, 2, 3),
      refusals: fc.constantFrom(1, 1, 2),
    })
    .filter(({ approvers, quorum }) => approvers.filter((name) => !fourEyes || name !== 'req').length >= quorum);

export const anyPlan: fc.Arbitrary<Plan> = fc.constantFrom(true, true, true, false).chain((fourEyes) =>
  fc.record({
    stages: fc.array(stage(fourEyes), { minLength: 1, maxLength: 2 }),
    fourEyes: fc.constant(fourEyes),
    expires: fc.constantFrom(6, 30, 45, 3600),
  }),
);

const name = fc.constantFrom<Name>(...ANYONE);
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 14,
    arbitrary: fc.record({
      do: fc.constant('decide' as const),
      by: fc.constantFrom<Name>(...ASKED, ...ASKED, ...ANYONE),
      decision: fc.constantFrom('approve' as const, 'approve' as const, 'approve' as const, 'refuse' as const),
      twice: fc.constantFrom(false, false, true),
    }),
  },
  {
    weight: 4,
    arbitrary: fc
      .record({ do: fc.constant('delegate' as const), from: name, to: name })
      .filter((it) => it.from !== it.to),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('leave' as const), who: name }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 3000 }) }) },
  { weight: 1, arbitrary: fc.constantFrom<Command>({ do: 'cancel' }, { do: 'freeze' }, { do: 'thaw' }) },
);
export const anyDay: fc.Arbitrary<Command[]> = fc.array(command, { minLength: 6, maxLength: 14, size: 'max' });

export const specOf = ({ stages, fourEyes, expires }: Plan): StorySpec => ({
  approval: {
    stages: stages.map(({ approvers, quorum, refusals }, index) => ({
      name: `stage ${index}`,
      approvers: approvers.map((who) => `$${who}`),
      quorum,
      refusals,
    })),
    fourEyes,
    expires: `${expires}s`,
  },
});

interface Word {
  stage: number;
  by: Name;
  from: Name | null;
  decision: 'approve' | 'refuse';
}

/** The world as the people in it know it. */
export class Rules {
  readonly plan: Plan;
  readonly left = new Set<Name>();
  readonly delegations: { from: Name; to: Name }[] = [];
  readonly words: Word[] = [];
  stage = 0;
  closed = false;

  constructor(plan: Plan) {
    this.plan = plan;
  }

  /** For whom `by` could speak now; undefined when their word must not count. */
  authority(by: Name): Name | null | undefined {
    const { plan, left } = this;
    if (this.closed || left.has(by)) return undefined;
    const standsFor = this.delegations.filter(({ to }) => to === by).map(({ from }) => from);
    if (plan.fourEyes && (by === 'req' || standsFor.includes('req'))) return undefined;
    if (this.#used(by)) return undefined;
    const asked = this.#asked();
    if (asked.includes(by)) return null;
    return asked.find((from) => standsFor.includes(from) && !left.has(from) && !this.#used(from));
  }

  /** Takes a word that counted. */
  take(by: Name, decision: 'approve' | 'refuse'): void {
    this.words.push({ stage: this.stage, by, from: this.authority(by) ?? null, decision });
    const { quorum = 0, refusals = 0 } = this.plan.stages[this.stage] ?? {};
    const count = (which: string): number =>
      this.words.filter((word) => word.stage === this.stage && word.decision === which).length;
    if (count('refuse') >= refusals) this.closed = true;
    else if (count('approve') >= quorum) {
      this.stage += 1;
      this.closed = this.stage === this.plan.stages.length;
    }
  }

  #asked(): Name[] {
    const asked = this.plan.stages[this.stage]?.approvers ?? [];
    return asked.filter((who) => !this.plan.fourEyes || who !== 'req');
  }

  #used(who: Name): boolean {
    return this.words.some(
      (word) => (this.plan.fourEyes || word.stage === this.stage) && (word.by === who || word.from === who),
    );
  }
}

/** When somebody began to say something, and when somebody left; milliseconds since the epoch. */
export interface Deeds {
  said: { by: Name; decision: string; at: number }[];
  left: Map<Name, number>;
  delegated: { from: Name; to: Name }[];
  expiresAt: number;
}

type Record_ = Answer['body'];

/**
 * Everything that is wrong with a chain: a release without the quorum of different people who were asked, in every stage; a word that
 * counted though it was said too late, by somebody who had left, or for somebody who never asked them to.
 */
export function faultsOf(
  plan: Plan,
  records: readonly Record_[],
  deeds: Deeds,
  nameOf: (id: string) => Name,
): string[] {
  const faults: string[] = [];
  const words = records
    .filter(({ type, decision }) => type === 'decision' && (decision === 'approve' || decision === 'refuse'))
    .map(({ stage, by, delegation, decision }) => ({
      stage: stage as number,
      by: nameOf(by as string),
      from: delegation === null ? null : nameOf(delegation.from as string),
      decision: decision as string,
    }));
  for (const [index, { approvers, quorum, refusals }] of plan.stages.entries()) {
    const here = words.filter((word) => word.stage === index);
    const approvals = here.filter(({ decision }) => decision === 'approve');
    const released = records.some(({ type }) => type === 'release');
    if (released && approvals.length !== quorum)
      faults.push(`stage ${index} released with ${approvals.length} of ${quorum}`);
    if (released && here.length - approvals.length >= refusals) faults.push(`stage ${index} released though refused`);
    for (const { by, from } of here) {
      if (!approvers.includes(from ?? by)) faults.push(`${by} was not asked in stage ${index}`);
      if (plan.fourEyes && (by === 'req' || from === 'req')) faults.push('the requester decided');
      if (from !== null && !deeds.delegated.some((given) => given.from === from && given.to === by))
        faults.push(`${by} decided for ${from}, who never asked them to`);
    }
  }
  for (const scope of plan.fourEyes
    ? [words]
    : plan.stages.map((_, index) => words.filter((word) => word.stage === index))) {
    const heads = scope.flatMap(({ by, from }) => (from === null ? [by] : [by, from]));
    if (new Set(heads).size !== heads.length) faults.push(`somebody counted twice: ${heads.join(', ')}`);
  }
  for (const { by, decision } of words) {
    const gone = deeds.left.get(by) ?? Infinity;
    const inTime = deeds.said.some(
      (one) => one.by === by && one.decision === decision && one.at < gone && one.at < deeds.expiresAt,
    );
    if (!inTime) faults.push(`${decision} of ${by} counted, and was never said in time`);
  }
  const ends = records.filter(
    ({ type, decision }, index) =>
      type === 'release' || (index > 0 && type === 'verdict') || decision === 'expired' || decision === 'cancelled',
  );
  if (ends.length > 1) faults.push('it ended more than once');
  if (ends.length === 1 && ends[0] !== records.at(-1)) faults.push('something was sealed after its end');
  return faults;
}
