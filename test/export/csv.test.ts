import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RecordPayload } from '../../src/contract/index.ts';
import { csvCell, csvHeader, csvRow } from '../../src/export/index.ts';

/** RFC 4180, read strictly. */
function parse(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  while (at < text.length) {
    let cell = '';
    if (text[at] === '"') {
      for (at += 1; ; at += 1) {
        if (at >= text.length) throw new Error('a quote is open');
        if (text[at] !== '"') cell += text[at];
        else if (text[at + 1] === '"') {
          cell += '"';
          at += 1;
        } else break;
      }
      at += 1;
    } else {
      const end = /[,"\r\n]/.exec(text.slice(at))?.index ?? text.length - at;
      cell = text.slice(at, at + end);
      at += end;
    }
    row.push(cell);
    if (text[at] === ',') {
      at += 1;
      if (at === text.length) row.push('');
    } else if (text.startsWith('\r\n', at)) {
      at += 2;
      rows.push(row);
      row = [];
    } else if (at < text.length) throw new Error(`unexpected ${JSON.stringify(text[at])}`);
  }
  if (row.length > 0) rows.push(row);
  return rows;
}

describe('a cell', () => {
  it.each([
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-1+1', "'-1+1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\ufffd=1"],
    ['  =1', "'  =1"],
    ['|calc', "'|calc"],
    ['＝1', "'＝1"],
    ['-420.50', '-420.50'],
    ['123456789012345.67', '123456789012345.67'],
    [420.5, '420.5'],
    [-7, '-7'],
    [true, 'true'],
    [null, ''],
    ['a "b", c', 'a "b", c'],
    ['two\nlines', 'two\nlines'],
    ['bell\u0007', 'bell\ufffd'],
  ])('%j reads %j', (value, read) => {
    expect(parse(`${csvCell(value)},x\r\n`)).toEqual([[read, 'x']]);
  });

  it('never begins a formula and never ends its cell, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const rows = parse(`x,${csvCell(text)},y\r\n`);
        expect(rows).toHaveLength(1);
        expect(rows[0]).toHaveLength(3);
        const cell = rows[0]?.[1] ?? '';
        expect(/^[=+@\t\r|]/.test(cell)).toBe(false);
        expect(cell.startsWith('-') && !/^-\d+(\.\d+)?$/.test(cell)).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });
});

it('a row has as many cells as the header', () => {
  const record = {
    ...{ v: 1, type: 'outcome', tenant: 'default', action: 'act_1', seq: 2, prev: null },
    ...{ at: '2026-11-21T10:00:00.000Z', requestHash: null, surface: 'x', status: 'executed', reference: 'a,b\n"c"' },
    ...{ detail: null, by: '=evil()' },
  } as RecordPayload;
  const [header, row, ...more] = parse(csvHeader() + csvRow({ index: 3, hash: 'sha256:00', record }));
  expect(more).toEqual([]);
  expect(row).toHaveLength(header?.length ?? 0);
  const cells = Object.fromEntries((header ?? []).map((name, i) => [name, row?.[i]]));
  expect(cells).toMatchObject({
    at: '2026-11-21T10:00:00.000Z',
    decision: 'executed',
    reference: 'a,b\n"c"',
    by: "'=evil()",
  });
});

it('a table of the version before has its columns, and no others', () => {
  expect(csvHeader(1)).toBe(
    'index,at,type,action,seq,surface,verb,actor,decision,basis,policy,rule,amount,currency,resource,by,via,stage,reason,changes,reference,disclosed,details,bundle,request_hash,record_hash\r\n',
  );
  expect(csvHeader(3)).toBe(
    'index,at,type,action,seq,surface,verb,actor,decision,basis,policy,rule,amount,currency,asked_amount,approved_amount,released_amount,executed_amount,resource,by,via,stage,reason,changes,reference,disclosed,details,bundle,request_hash,record_hash\r\n',
  );
});
