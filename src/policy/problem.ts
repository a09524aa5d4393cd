/** One thing wrong with a policy file, with everything that an editor or a person needs to find and fix it. */
export interface Problem {
  /** An `error` keeps the bundle from being built; a `warning` is for the owner to judge. */
  severity: 'error' | 'warning';
  file: string;
  /** From 1. */
  line: number;
  /** From 1, in UTF-16 code units. */
  column: number;
  /** The offending text from the file, at most 80 characters. */
  text: string;
  /** What is wrong: lower case, no final stop. */
  message: string;
  /** What to write instead, or null when there is no good guess. */
  suggestion: string | null;
}

const EXCERPT_MAX = 80;

/** The first line of `text`, cut to what a {@link Problem} shows. */
export function excerpt(text: string): string {
  const line = text.trim().split('\n')[0] ?? '';
  return line.length > EXCERPT_MAX ? `${line.slice(0, EXCERPT_MAX - 1)}…` : line;
}

/** `file:line:column: severity: message` and, on a second line, the text and the suggestion. */
export function formatProblem(problem: Problem): string {
  const head = `${problem.file}:${problem.line}:${problem.column}: ${problem.severity}: ${problem.message}`;
  const text = problem.text === '' ? '' : `\n    ${problem.text}`;
  return `${head}${text}${problem.suggestion === null ? '' : `\n    ${problem.suggestion}`}`;
}

/**
 * The known name closest to `name`, or null when none is close: at most a third of its letters may differ, or two
 * of a short one (Levenshtein distance, case ignored).
 */
export function nearest(name: string, known: Iterable<string>): string | null {
  const wanted = name.toLowerCase();
  let best: string | null = null;
  let bestDistance = (wanted.length < 4 ? 1 : Math.max(2, Math.floor(wanted.length / 3))) + 1;
  for (const candidate of known) {
    const distance = editDistance(wanted, candidate.toLowerCase(), bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** {@link nearest} as a suggestion for the author. */
export function didYouMean(name: string, known: Iterable<string>): string | null {
  const best = nearest(name, known);
  return best === null ? null : `did you mean \`${best}\`?`;
}

/** Levenshtein distance, or `cap` when it is at least that. */
function editDistance(a: string, b: string, cap: number): number {
  if (Math.abs(a.length - b.length) >= cap) return cap;
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substitute = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(substitute, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return Math.min(previous[b.length] ?? cap, cap);
}
