/** Dotted glob: `*` is exactly one level, `**` any number of levels, none included. */
export function matchesSurface(glob: string, surface: string): boolean {
  const [parts, levels] = [glob.split('.'), surface.split('.')];
  let [part, level] = [0, 0];
  /** The last `**` so far, and how far it reaches. Earlier ones never need to reach further, because the last one can. */
  let [star, reach] = [-1, 0];
  while (level < levels.length) {
    if (parts[part] === '**') {
      star = part++;
      reach = level;
    } else if (part < parts.length && (parts[part] === '*' || parts[part] === levels[level])) {
      part += 1;
      level += 1;
    } else if (star >= 0) {
      part = star + 1;
      level = ++reach;
    } else return false;
  }
  return parts.slice(part).every((rest) => rest === '**');
}

/** Levels of dotted lower case, `*` or `**`. */
const GLOB = /^(?:\*{1,2}|[a-z0-9][a-z0-9_-]*)(?:\.(?:\*{1,2}|[a-z0-9][a-z0-9_-]*))*$/;

/** True for a surface or a glob of surfaces. */
export const isGlob = (text: string): boolean => text.length <= 256 && GLOB.test(text);

/** Whether any surface matches both globs. Each pair of positions is visited a single time. */
export function globsOverlap(one: string, other: string): boolean {
  const [a, b] = [one.split('.'), other.split('.')];
  let after: boolean[] = [];
  for (let i = a.length; i >= 0; i -= 1) {
    const row: boolean[] = [];
    for (let j = b.length; j >= 0; j -= 1) {
      const [left, right] = [a[i], b[j]];
      if (left === undefined && right === undefined) row[j] = true;
      // `**` matches no level here, or the next level of the other glob.
      else if (left === '**') row[j] = (after[j] ?? false) || (right !== undefined && (row[j + 1] ?? false));
      else if (right === '**') row[j] = (row[j + 1] ?? false) || (left !== undefined && (after[j] ?? false));
      else if (left === undefined || right === undefined) row[j] = false;
      else row[j] = (left === '*' || right === '*' || left === right) && (after[j + 1] ?? false);
    }
    after = row;
  }
  return after[0] ?? false;
}

interface Covering {
  readonly name: string;
  readonly surfaces: readonly string[];
}

/** Finds the policies that cover a surface without looking at all of them, in the order of their names. */
export interface SurfaceIndex<T> {
  covering(surface: string): readonly T[];
}

/** Indexes policies by surface: exact names in a map, globs by their first level. */
export function indexSurfaces<T extends Covering>(policies: readonly T[]): SurfaceIndex<T> {
  const exact = new Map<string, Set<T>>();
  const globs = new Map<string, { glob: string; policy: T }[]>();
  for (const policy of policies) {
    for (const surface of policy.surfaces) {
      if (!surface.includes('*')) {
        exact.set(surface, (exact.get(surface) ?? new Set()).add(policy));
        continue;
      }
      const first = surface.split('.')[0] ?? '';
      const level = first.includes('*') ? '*' : first;
      globs.set(level, [...(globs.get(level) ?? []), { glob: surface, policy }]);
    }
  }
  return {
    covering(surface) {
      const names = new Set(exact.get(surface));
      for (const level of [surface.split('.')[0] ?? '', '*']) {
        for (const { glob, policy } of globs.get(level) ?? []) if (matchesSurface(glob, surface)) names.add(policy);
      }
      return names.size < 2 ? [...names] : [...names].sort((a, b) => (a.name < b.name ? -1 : 1));
    },
  };
}
