/** An element: `on…` functions become listeners, `class` a class, other properties attributes; null children are skipped. */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name === 'className' ? 'class' : name, value === true ? '' : String(value));
  }
  for (const child of children.flat(Infinity))
    if (child !== null && child !== undefined && child !== false) node.append(child);
  return node;
}

/** The element with this id. */
export const byId = (id) => document.getElementById(id);

/** Calls the sandbox; an act that cannot be done is told in the page. */
export async function act(name, body) {
  const response = await fetch(`ui/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) tell(answer.message ?? `the sandbox answered ${response.status}`);
  return response.ok;
}

/** Shows an error for a while. */
export function tell(text) {
  const note = el('p', { class: 'alert' }, text);
  byId('alerts').append(note);
  setTimeout(() => note.remove(), 8000);
}

let lastId = 0;

/** An id for a label to point at. */
export const freshId = () => `e${(lastId += 1)}`;
