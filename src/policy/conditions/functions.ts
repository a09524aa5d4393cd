import {
  CelScalar,
  celFunc,
  celMap,
  celMethod,
  isCelList,
  isCelMap,
  listType,
  objectType,
  type CelFunc,
  type CelInput,
  type CelValue,
} from '@bufbuild/cel';
import { strings } from '@bufbuild/cel/ext';
import type { DateTime } from 'luxon';
import { instantOf } from '../../canonical/index.ts';
import { parseDuration } from '../duration.ts';
import { parseHours, wallClock, withinHours } from '../hours.ts';
import { type Frame, STEPS_MAX } from './frame.ts';
import { RANGE_GUARD, TIME_GUARD } from './prepare.ts';

const { BOOL, DYN, INT, STRING } = CelScalar;
const LIST = listType(DYN);
const TIMESTAMP = objectType('google.protobuf.Timestamp');

/** `format` and `quote` are left out: nothing that judges needs to print. */
const STRING_HELPERS = new Set([
  'charAt',
  'indexOf',
  'lastIndexOf',
  'lowerAscii',
  'upperAscii',
  'replace',
  'split',
  'substring',
  'trim',
  'join',
]);

/** Exactly one address, so that a list of addresses is not read as its last one. */
const EMAIL = /^[^\s@,;:<>"()[\]\\]+@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*)$/;

function millisecondsOf(value: CelValue): number {
  if (typeof value === 'string') {
    const ms = instantOf(value);
    if (ms === null) throw notATime();
    return ms;
  }
  const { seconds, nanos } = (value as unknown as { message: { seconds: bigint; nanos: number } }).message;
  return Number(seconds) * 1000 + Math.floor(nanos / 1_000_000);
}

const notATime = (): Error => new Error('a text is not an RFC 3339 time such as 2026-11-21T09:30:00Z');

/** Normal form of a folder without its last `/`; a step such as `..` or an empty one is refused, not resolved. */
function folderSteps(path: string): string[] {
  const steps = (path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path).split('/').slice(1);
  if (!path.startsWith('/') || steps.some((step) => step === '.' || step === '..' || (step === '' && path !== '/'))) {
    throw new Error('a text is not a plain folder such as /emea/support');
  }
  return path === '/' ? [] : steps;
}

/** Accessors of a timestamp by the wall clock of a zone. The engine's own depend on the machine's zone. */
const CLOCK: Record<string, (at: DateTime) => number> = {
  getFullYear: (at) => at.year,
  getMonth: (at) => at.month - 1,
  getDate: (at) => at.day,
  getDayOfMonth: (at) => at.day - 1,
  getDayOfWeek: (at) => at.weekday % 7,
  getDayOfYear: (at) => at.ordinal - 1,
  getHours: (at) => at.hour,
  getMinutes: (at) => at.minute,
  getSeconds: (at) => at.second,
  getMilliseconds: (at) => at.millisecond,
};

function clockMethods(): CelFunc[] {
  return Object.entries(CLOCK).flatMap(([name, read]) => [
    celMethod(name, TIMESTAMP, [], INT, function () {
      return BigInt(read(wallClock(millisecondsOf(this), 'UTC')));
    }),
    celMethod(name, TIMESTAMP, [STRING], INT, function (zone) {
      return BigInt(read(wallClock(millisecondsOf(this), zone)));
    }),
  ]);
}

/** The functions of the policy language beside CEL's own. `frame` yields what the running judgement may ask. */
export function policyFunctions(frame: () => Frame): CelFunc[] {
  const open = (range: string, zone: string, holidays: ReadonlySet<string>): boolean => {
    const hours = parseHours(range);
    if (hours === null) throw new Error('a text is not opening hours such as Mon-Fri 09:00-18:00');
    return withinHours(hours, frame().now(), zone, holidays);
  };
  const within = (duration: string, at: CelValue): boolean => {
    const span = parseDuration(duration);
    if (span === null) throw new Error('a text is not a duration such as 30m');
    const age = frame().now() - millisecondsOf(at);
    return age >= 0 && age <= span;
  };
  return [
    ...strings.filter((helper) => STRING_HELPERS.has(helper.name)),
    ...clockMethods(),
    celFunc('timestamp', [INT], TIMESTAMP, () => {
      throw new Error('write a time as text, such as timestamp("2026-11-21T09:30:00Z")');
    }),
    celFunc('hours', [STRING, STRING], BOOL, (range, zone) => open(range, zone, new Set())),
    celFunc('hours', [STRING, STRING, STRING], BOOL, (range, zone, list) => open(range, zone, frame().holidays(list))),
    celFunc('limit', [STRING], DYN, (name) => {
      const state = frame().limit(name);
      return celMap(
        new Map<string, CelInput>([
          ['fits', state.fits],
          ['used', Number(state.used)],
          ['amount', Number(state.amount)],
          ['max', Number(state.max)],
          ['remaining', Number(state.remaining)],
        ]),
      );
    }),
    celFunc('provenance', [STRING], STRING, (path) => frame().provenance(path)),
    celFunc('inFolder', [STRING], BOOL, (path) => {
      const folder = frame().request.context?.folder;
      if (folder === undefined) throw new Error('the request does not say `context.folder`');
      const have = folderSteps(folder);
      return folderSteps(path).every((step, index) => have[index] === step);
    }),
    celFunc('within', [STRING, STRING], BOOL, within),
    celFunc('within', [STRING, TIMESTAMP], BOOL, within),
    celMethod('within', STRING, [STRING], BOOL, function (duration) {
      return within(duration, this);
    }),
    celMethod('within', TIMESTAMP, [STRING], BOOL, function (duration) {
      return within(duration, this);
    }),
    celMethod('domain', STRING, [], STRING, function () {
      const match = EMAIL.exec(this);
      if (match === null) throw new Error('a text is not one plain e-mail address');
      return (match[1] ?? '').toLowerCase();
    }),
    celMethod('containsAny', LIST, [LIST], BOOL, function (wanted) {
      const have = plainStrings(this);
      return plainStrings(wanted).some((item) => have.includes(item));
    }),
    celMethod('containsAll', LIST, [LIST], BOOL, function (wanted) {
      const have = plainStrings(this);
      return plainStrings(wanted).every((item) => have.includes(item));
    }),
    celFunc('cedar', [STRING], BOOL, (name) => frame().engine('cedar', name)),
    celFunc('opa', [STRING], BOOL, (name) => frame().engine('opa', name)),
    celFunc(TIME_GUARD, [DYN], DYN, (text) => {
      if (typeof text === 'string' && instantOf(text) === null) throw notATime();
      return text as CelInput;
    }),
    celFunc(RANGE_GUARD, [DYN], DYN, (range) => {
      const running = frame();
      if (isCelList(range) || isCelMap(range)) running.steps += range.size;
      if (running.steps > STEPS_MAX) throw new Error(`loops visit more than ${STEPS_MAX} items`);
      return range as CelInput;
    }),
  ];
}

function plainStrings(list: Iterable<unknown>): string[] {
  return Array.from(list, (item) => {
    if (typeof item !== 'string') throw new Error('containsAny and containsAll compare lists of text');
    return item;
  });
}
