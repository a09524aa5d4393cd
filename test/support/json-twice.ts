/** JSON texts in which one name stands twice: the same text without the second is valid, and two readers take two values of it. */
import type { Json } from '../../src/contract/index.ts';

/** Where a name stands twice, as a JSON pointer, with the text. The second value is the first, so that only the name is wrong. */
export function everyNameTwice(json: Json): { pointer: string; text: string }[] {
  const places: string[] = [];
  const visit = (value: Json, pointer: string): void => {
    if (typeof value !== 'object' || value === null) return;
    if (Array.isArray(value)) value.forEach((item, i) => visit(item, `${pointer}/${i}`));
    else {
      for (const [name, below] of Object.entries(value)) {
        places.push(`${pointer}/${name}`);
        visit(below, `${pointer}/${name}`);
      }
    }
  };
  visit(json, '');
  return places.map((pointer) => ({ pointer, text: written(json, '', pointer) }));
}

function written(value: Json, at: string, twice: string): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item, i) => written(item, `${at}/${i}`, twice)).join(',')}]`;
  const members = Object.entries(value).flatMap(([name, below]) => {
    const member = `${JSON.stringify(name)}:${written(below, `${at}/${name}`, twice)}`;
    return `${at}/${name}` === twice ? [member, member] : [member];
  });
  return `{${members.join(',')}}`;
}
