/** Dotted glob: `*` is exactly one level, `**` any number of levels, none included. */
export function matchesSurface(glob: string, surface: string): boolean {
  const [parts, levels] = [glob.split('.'), surface.split('.')];
  let [part, level] = [0, 0];
  /** The last `**` that was passed, and up to where it reaches. An earlier one never has to reach further: the later one can. */
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
      const found = new Set(exact.get(surface));
      for (const level of [surface.split('.')[0] ?? '', '*']) {
        for (const { glob, policy } of globs.get(level) ?? []) if (matchesSurface(glob, surface)) found.add(policy);
      }
      return found.size < 2 ? [...found] : [...found].sort((a, b) => (a.name < b.name ? -1 : 1));
    },
  };
}
