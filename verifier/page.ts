/** The page: two choices of files, and what they prove. Text of files is set as text, never as markup. */
import { checkReceipts, KeyFault, readKeys, type GivenFile, type Line, type Report } from './check.ts';

const input = (id: string): HTMLInputElement => document.getElementById(id) as HTMLInputElement;
const result = document.getElementById('result') as HTMLElement;

function element(name: string, className: string, ...content: (Node | string)[]): HTMLElement {
  const made = document.createElement(name);
  if (className !== '') made.className = className;
  made.append(...content);
  return made;
}

const filesOf = (id: string): Promise<GivenFile[]> =>
  Promise.all(Array.from(input(id).files ?? [], async (file) => ({ name: file.name, text: await file.text() })));

const lineOf = ({ file, valid, says }: Line): HTMLElement =>
  element(
    'article',
    valid ? 'valid' : 'invalid',
    element('h2', '', file),
    element('p', '', element('strong', '', valid ? 'Valid' : 'INVALID')),
    ...says.map((sentence) => element('p', '', sentence)),
  );

function summaryOf({ valid, lines, conflicts }: Report): HTMLElement {
  const wrong = lines.filter((line) => !line.valid).length + conflicts.length;
  const text = valid
    ? `${lines.length === 1 ? 'The receipt holds' : `All ${lines.length} receipts hold`} under these keys.`
    : `DO NOT RELY ON THIS: ${wrong} of ${lines.length} ${wrong === 1 ? 'does' : 'do'} not hold.`;
  return element('p', `verdict ${valid ? 'good' : 'bad'}`, text);
}

let runs = 0;

/** Checks what is chosen now. Of two checks that overlap, the later one is shown. */
async function check(): Promise<void> {
  const run = (runs += 1);
  const [keys, receipts] = await Promise.all([filesOf('keys'), filesOf('receipts')]);
  if (keys.length === 0 || receipts.length === 0) return;
  let shown: HTMLElement[];
  try {
    const report = await checkReceipts(receipts, await readKeys(keys));
    shown = [
      summaryOf(report),
      ...report.conflicts.map((conflict) =>
        element('article', 'invalid', element('p', '', element('strong', '', 'INVALID together')), conflict),
      ),
      // What does not hold comes first: nobody has to look for it.
      ...report.lines.toSorted((a, b) => Number(a.valid) - Number(b.valid)).map(lineOf),
      ...report.notProven.map((sentence) => element('p', 'quiet', sentence)),
    ];
  } catch (error) {
    const why = error instanceof KeyFault ? error.message : `the check itself failed: ${String(error)}`;
    shown = [element('p', 'verdict bad', `Nothing was checked: ${why}.`)];
  }
  if (run === runs) result.replaceChildren(...shown);
}

for (const id of ['keys', 'receipts']) input(id).addEventListener('change', () => void check());
