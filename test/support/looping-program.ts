/** An OPA program that never ends on some requests: `opa_eval` of a real one behind a look at the length of its input. */

interface Section {
  id: number;
  bytes: number[];
}

function leb(value: number): number[] {
  const bytes: number[] = [];
  do {
    const low = value & 0x7f;
    value >>>= 7;
    bytes.push(value === 0 ? low : low | 0x80);
  } while (value !== 0);
  return bytes;
}

/** Signed, of a number of at most 32 bits above zero. */
function signedLeb(value: number): number[] {
  const bytes = leb(value);
  const last = bytes.at(-1) ?? 0;
  if ((last & 0x40) === 0) return bytes;
  return [...bytes.slice(0, -1), last | 0x80, 0];
}

function readLeb(bytes: ArrayLike<number>, at: number): [value: number, next: number] {
  let value = 0;
  for (let shift = 0, i = at; ; shift += 7, i++) {
    const byte = bytes[i] ?? 0;
    value |= (byte & 0x7f) << shift;
    if ((byte & 0x80) === 0) return [value >>> 0, i + 1];
  }
}

function sectionsOf(wasm: Uint8Array): Section[] {
  const sections: Section[] = [];
  for (let at = 8; at < wasm.length;) {
    const id = wasm[at] ?? 0;
    const [size, start] = readLeb(wasm, at + 1);
    sections.push({ id, bytes: [...wasm.subarray(start, start + size)] });
    at = start + size;
  }
  return sections;
}

/** One more entry at the end of a vector. */
function appended(bytes: readonly number[], entry: readonly number[]): number[] {
  const [count, start] = readLeb(bytes, 0);
  return [...leb(count + 1), ...bytes.slice(start), ...entry];
}

const EVAL = 'opa_eval';

/** Where the index of the exported `opa_eval` stands. */
function exportAt(bytes: readonly number[]): { at: number; end: number; index: number } {
  let [count, at] = readLeb(bytes, 0);
  for (; count > 0; count--) {
    const [length, start] = readLeb(bytes, at);
    const name = String.fromCharCode(...bytes.slice(start, start + length));
    const [index, end] = readLeb(bytes, start + length + 1);
    if (name === EVAL) return { at: start + length + 1, end, index };
    at = end;
  }
  throw new Error('the program has no opa_eval');
}

/** How many functions are imported. */
function importedFunctions(bytes: readonly number[]): number {
  let [count, at] = readLeb(bytes, 0);
  let functions = 0;
  for (; count > 0; count--) {
    for (const _part of ['module', 'name']) {
      const [length, start] = readLeb(bytes, at);
      at = start + length;
    }
    const kind = bytes[at];
    at += 1;
    if (kind === 0) {
      functions += 1;
      at = readLeb(bytes, at)[1];
    } else if (kind === 2) {
      const flags = bytes[at] ?? 0;
      at = readLeb(bytes, at + 1)[1];
      if ((flags & 1) === 1) at = readLeb(bytes, at)[1];
    } else if (kind === 1) {
      const flags = bytes[at + 1] ?? 0;
      at = readLeb(bytes, at + 2)[1];
      if ((flags & 1) === 1) at = readLeb(bytes, at)[1];
    } else at += 2;
  }
  return functions;
}

/**
 * @param base64 a program that `opa build` made
 * @param bytes an input longer than this is never answered
 */
export function loopingProgram(base64: string, bytes: number): string {
  const sections = sectionsOf(Buffer.from(base64, 'base64'));
  const of = (id: number): Section => {
    const section = sections.find((one) => one.id === id);
    if (section === undefined) throw new Error(`the program has no section ${id}`);
    return section;
  };
  const imported = importedFunctions(of(2).bytes);
  const [defined, types] = readLeb(of(3).bytes, 0);
  const original = exportAt(of(7).bytes);
  let at = types;
  let type = 0;
  for (let n = imported; n <= original.index; n++) [type, at] = readLeb(of(3).bytes, at);
  const added = imported + defined;
  // local.get 4; i32.const bytes; i32.gt_u; if; loop; br 0; end; end; the parameters; call; end
  const body = [
    ...[0, 0x20, 4, 0x41, ...signedLeb(bytes), 0x4b, 0x04, 0x40, 0x03, 0x40, 0x0c, 0, 0x0b, 0x0b],
    ...[0, 1, 2, 3, 4, 5, 6].flatMap((parameter) => [0x20, parameter]),
    ...[0x10, ...leb(original.index), 0x0b],
  ];
  of(10).bytes = appended(of(10).bytes, [...leb(body.length), ...body]);
  const exported = of(7).bytes;
  of(7).bytes = [...exported.slice(0, original.at), ...leb(added), ...exported.slice(original.end)];
  of(3).bytes = appended(of(3).bytes, leb(type));
  const module = sections.flatMap((section) => [section.id, ...leb(section.bytes.length), ...section.bytes]);
  return Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...module]).toString('base64');
}
