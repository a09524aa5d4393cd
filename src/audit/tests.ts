/** The finance tests by their names. */
import { benford, bunching, duplicate, roundAmounts, splitUnderTier } from './amounts.ts';
import { brokenGlass, neverUsed } from './endings.ts';
import {
  afterHours,
  lastMinute,
  noWords,
  onePair,
  ownSide,
  reciprocal,
  rubberStamp,
  secondOpinion,
  sleeper,
} from './people.ts';
import type { AuditContext, AuditedAction, AuditTest, AuditFinding } from './types.ts';

/** A test whose parameters are known by their names. */
export interface NamedTest {
  name: string;
  version: number;
  question: string;
  params: Readonly<Record<string, number>>;
  /** It compares actions that may lie far apart. */
  across: boolean;
  run(actions: readonly AuditedAction[], context: AuditContext): AuditFinding[];
}

const named = <P extends Readonly<Record<string, number>>>(test: AuditTest<P>): NamedTest => ({
  name: test.name,
  version: test.version,
  question: test.question,
  params: test.defaults,
  across: test.across === true,
  run: (actions, context) => test.run(actions, test.defaults, context),
});

/** The sixteen finance tests, in the order in which an auditor reads them. */
export const AUDIT_TESTS: readonly NamedTest[] = [
  named(splitUnderTier),
  named(bunching),
  named(rubberStamp),
  named(onePair),
  named(reciprocal),
  named(ownSide),
  named(secondOpinion),
  named(duplicate),
  named(roundAmounts),
  named(afterHours),
  named(sleeper),
  named(lastMinute),
  named(noWords),
  named(neverUsed),
  named(brokenGlass),
  named(benford),
];
