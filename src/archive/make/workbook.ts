/** A workbook as a zip package, written no faster than it is read: no more than a piece of one sheet is ever held. */
import { Zip, ZipDeflate } from 'fflate';
import { utf8 } from '../../canonical/index.ts';
import { workbookParts } from '../../export/actions/index.ts';

export interface Sheet {
  name: string;
  /** XML, in pieces. */
  chunks(): AsyncIterable<string> | Iterable<string>;
}

export async function* workbook(sheets: readonly Sheet[], mtime: Date): AsyncGenerator<Uint8Array> {
  const ready: Uint8Array[] = [];
  let failure: Error | null = null;
  const zip = new Zip((error, chunk) => {
    // Its types do not say that the error is null on success.
    if ((error as Error | null) !== null) failure = error;
    else ready.push(chunk);
  });
  const taken = (): Uint8Array[] => {
    if (failure !== null) throw failure;
    return ready.splice(0);
  };
  const files: [string, Sheet['chunks']][] = [
    ...Object.entries(workbookParts(sheets.map(({ name }) => name))).map(([path, xml]): [string, Sheet['chunks']] => [
      path,
      () => [xml],
    ]),
    ...sheets.map(({ chunks }, at): [string, Sheet['chunks']] => [`xl/worksheets/sheet${at + 1}.xml`, chunks]),
  ];
  for (const [path, chunks] of files) {
    const file = new ZipDeflate(path, { level: 6 });
    file.mtime = mtime;
    zip.add(file);
    for await (const chunk of chunks()) {
      file.push(utf8(chunk));
      yield* taken();
    }
    file.push(new Uint8Array(0), true);
    yield* taken();
  }
  zip.end();
  yield* taken();
}
