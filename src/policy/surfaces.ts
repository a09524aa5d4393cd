/** Dotted glob: `*` is exactly one level, `**` any number of levels, none included. */
export function matchesSurface(glob: string, surface: string): boolean {
  return matchLevels(glob.split('.'), surface.split('.'), 0, 0);
}

function matchLevels(glob: readonly string[], levels: readonly string[], g: number, l: number): boolean {
  if (g === glob.length) return l === levels.length;
  if (glob[g] === '**') {
    for (let skip = l; skip <= levels.length; skip += 1) if (matchLevels(glob, levels, g + 1, skip)) return true;
    return false;
  }
  if (l === levels.length || (glob[g] !== '*' && glob[g] !== levels[l])) return false;
  return matchLevels(glob, levels, g + 1, l + 1);
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
