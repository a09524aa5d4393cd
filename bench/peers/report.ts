/** What each peer did in the same scenario: a refund of 420.50, asked by an agent, with one human's yes. */
export interface PeerReport {
  name: string;
  /** From asking to executed, with a yes at once; the median. */
  milliseconds: number;
  /** How many were executed. */
  executed: number;
  /** What it answers to what should not be; each is what its code did in this run. */
  answers: Partial<Record<Question, string>>;
}

export type Question = keyof typeof QUESTIONS;

const QUESTIONS = {
  own: 'a yes of the very user whose agent asks',
  ownNamed: 'the same, where that user is among those who may approve',
  another: 'a yes in another’s name',
  altered: 'another amount than was approved',
  again: 'the same yes a second time',
  around: 'the effect without the wait for a yes',
  proof: 'proof, without the process',
};

export const RUNS = 20;

export function p50(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

export function print({ name, milliseconds, executed, answers }: PeerReport): void {
  console.log(`${name}: ${milliseconds.toFixed(1)} ms to executed (median of ${executed})`);
  for (const [question, label] of Object.entries(QUESTIONS)) {
    const answer = answers[question as Question];
    if (answer !== undefined) console.log(`    ${label}: ${answer}`);
  }
}

/** Whether it executes, or what it is refused with. */
export async function attempt(run: () => Promise<unknown>): Promise<string> {
  try {
    await run();
    return 'executes';
  } catch (error) {
    return `does not execute: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`;
  }
}
