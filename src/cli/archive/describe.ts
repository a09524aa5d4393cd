/** The result of checking an archive, in sentences. */
import type { ArchiveReport } from '../../archive/check/check.ts';

const count = (number: number, of: string): string => `${number} ${of}${number === 1 ? '' : 's'}`;

/** Lines for people. */
export function describeArchive(name: string, report: ArchiveReport): string[] {
  const { valid, found, problems, records, actions, log } = report;
  if (valid && report.export !== null && log !== null) {
    const { record, by, at, body } = report.export;
    const filters = Object.entries(body.filter).map(([key, value]) => `${key} ${value}`);
    const what =
      filters.length === 0 ? 'the whole log as it was then' : `every action with a record of ${filters.join(', ')}`;
    return [
      `${name}: valid`,
      `  Proven: these ${count(records, 'record')} of ${count(actions, 'chain')} were sealed in the log ${log.origin}, which had committed to`,
      `  them when it held ${log.size} entries; they are exactly those that ${by ?? 'the engine'} took at ${at} (${what}),`,
      `  as the log’s own record ${record} says; table, report, policies and keys follow from them; nothing was altered, removed or added.`,
    ];
  }
  const more = found - problems.length;
  return [
    `${name}: INVALID: ${count(found, 'thing')} ${found === 1 ? 'is' : 'are'} wrong`,
    ...problems.map(({ file, reason, detail }) => `  ${file}: ${detail} (${reason})`),
    ...(more > 0 ? [`  … and ${more} more`] : []),
  ];
}
