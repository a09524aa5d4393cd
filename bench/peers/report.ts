/** What each peer did in the same scenario: a refund of 420.50, asked by an agent, with one human's yes. */
export interface PeerReport {
  name: string;
  /** From asking to executed, with a yes at once; the median. */
  milliseconds: number;
  /** How many were executed. */
  executed: number;
  /** What it answers to what should not be. */
  answers: Record<string, string>;
}

export function p50(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

export function print({ name, milliseconds, executed, answers }: PeerReport): void {
  console.log(`${name}: ${milliseconds.toFixed(1)} ms to executed (median of ${executed})`);
  for (const [what, answer] of Object.entries(answers)) console.log(`    ${what}: ${answer}`);
}
