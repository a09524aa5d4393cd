import { blockNodes } from './blocks.js';
import { act, byId, el, tell } from './dom.js';
import { showMessages } from './messages.js';
import { collect, confirmed, showModal } from './modal.js';
import { showSidebar } from './sidebar.js';

/** What the address says is shown: who acts, where, and in which thread. */
const place = { user: '', channel: '', tab: 'messages', thread: '', ts: '' };
let world = null;
let lastProblem = 0;
let homeShown = '';

function readPlace() {
  const hash = new URLSearchParams(location.hash.slice(1));
  place.user = hash.get('user') ?? (place.user || localStorage.getItem('sandbox-user') || '');
  place.channel = hash.get('channel') ?? place.channel;
  place.tab = hash.get('tab') ?? 'messages';
  place.thread = hash.get('thread') ?? '';
  place.ts = hash.get('ts') ?? '';
}

function go(changes) {
  Object.assign(place, { thread: '', ts: '' }, changes);
  localStorage.setItem('sandbox-user', place.user);
  const shown = Object.entries(place).filter(([, value]) => value !== '');
  history.replaceState(null, '', `#${new URLSearchParams(shown).toString()}`);
  return refresh();
}

let asked = 0;

/** Asks for the screen and shows it; of two answers that cross, the later question's wins. */
async function refresh() {
  const turn = (asked += 1);
  const query = new URLSearchParams({ user: place.user, channel: place.channel });
  const response = await fetch(`ui/screen?${query.toString()}`);
  const answer = await response.json();
  if (turn !== asked) return;
  world = answer;
  place.user = world.user.id;
  place.channel = world.channel;
  show();
}

function show() {
  byId('workspace').textContent = world.workspace.name;
  showUsers();
  showSidebar(world, place, (to) => {
    setMenu(false);
    void go(to);
  });
  const channel = world.channels.find((entry) => entry.id === place.channel);
  const name = channel?.isIm ? world.app.name : `# ${channel?.name ?? ''}`;
  byId('title').textContent = name;
  document.title = `${name} · ${world.workspace.name} (Slack sandbox)`;
  const home = channel?.isIm === true && place.tab === 'home';
  byId('tabs').hidden = channel?.isIm !== true;
  byId('tab-home').setAttribute('aria-selected', String(home));
  byId('tab-messages').setAttribute('aria-selected', String(!home));
  byId('home').hidden = !home;
  byId('messages').hidden = home;
  byId('composer').hidden = home;
  byId('text').placeholder = `Message ${channel?.isIm ? world.app.name : `#${channel?.name ?? ''}`}`;
  const able = !world.user.deleted;
  for (const id of ['text', 'send', 'reply-text']) byId(id).disabled = !able;
  if (home) showHome();
  const context = { world, all: world.messages, openThread: (thread) => go({ thread }), dispatch: clicked };
  showMessages(
    byId('messages'),
    world.messages.filter((message) => message.threadTs === null || message.threadTs === message.ts),
    context,
  );
  showThread(context);
  showModal(world);
  for (const problem of world.problems) {
    if (problem.at <= lastProblem) continue;
    lastProblem = problem.at;
    tell(problem.text);
  }
  if (place.ts) {
    byId('messages')
      .querySelector(`[data-ts="${CSS.escape(place.ts)}"]`)
      ?.scrollIntoView({ block: 'center' });
    place.ts = '';
  }
}

function showUsers() {
  const select = byId('user');
  const key = JSON.stringify([world.users, place.user]);
  if (select.dataset.key === key) return;
  select.dataset.key = key;
  const note = (user) =>
    user.deleted ? ' (deactivated)' : user.stranger ? ' (other workspace)' : user.isRestricted ? ' (guest)' : '';
  select.replaceChildren(
    ...world.users
      .filter((user) => !user.isBot)
      .map((user) => el('option', { value: user.id, selected: user.id === place.user }, user.realName + note(user))),
  );
}

function showHome() {
  const box = byId('home');
  const key = JSON.stringify([place.user, world.home]);
  if (key === homeShown) return;
  homeShown = key;
  if (!world.home) {
    box.replaceChildren(el('p', { class: 'empty' }, `${world.app.name} has not published a Home tab for you.`));
    return;
  }
  const { id, blocks, values } = world.home;
  const fields = [];
  const dispatch = (block, element, value, node) =>
    confirmed(element, world, node, () =>
      act('view-click', {
        user: place.user,
        viewId: id,
        actionId: element.action_id,
        blockId: block.block_id,
        ...(value === undefined ? {} : { value }),
        values: collect(fields),
      }),
    );
  box.replaceChildren(el('div', { class: 'home-page' }, blockNodes(blocks, { world, values, dispatch }, fields)));
}

function showThread(context) {
  const parent = world.messages.find((message) => message.ts === place.thread);
  byId('thread').hidden = !parent;
  document.body.classList.toggle('with-thread', parent !== undefined);
  if (!parent) return;
  const thread = world.messages.filter((message) => message === parent || message.threadTs === parent.ts);
  showMessages(byId('thread-messages'), thread, { ...context, inThread: true });
}

function clicked(message, block, element, value, node) {
  return confirmed(element, world, node, () =>
    act('click', {
      user: place.user,
      channel: message.channel,
      ts: message.ts,
      actionId: element.action_id,
      blockId: block.block_id,
      ...(value === undefined ? {} : { value }),
    }),
  );
}

/** `@name` of somebody becomes a mention, as Slack's composer makes it. */
function withMentions(text) {
  // The longest first: `@dana-k` is not `@dana` and something.
  const users = [...world.users].sort((a, b) => b.name.length - a.name.length);
  return users.reduce(
    (sum, user) => sum.replaceAll(`@${user.name}`, `<@${user.id}>`).replaceAll(`@${user.realName}`, `<@${user.id}>`),
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
  );
}

async function sendMessage(box, more) {
  const text = box.value.trim();
  if (text === '') return;
  box.value = '';
  byId('hint').textContent = '';
  const at = { user: place.user, channel: place.channel };
  const [, command, rest] = /^(\/\S+)\s*([\s\S]*)$/.exec(text) ?? [];
  if (command) await act('command', { ...at, command, text: withMentions(rest) });
  else await act('message', { ...at, text: withMentions(text), ...more });
}

function composer(formId, boxId, more) {
  const form = byId(formId);
  const box = byId(boxId);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void sendMessage(box, more());
  });
  box.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
}

composer('composer', 'text', () => ({}));
composer('reply', 'reply-text', () => ({ threadTs: place.thread }));
byId('text').addEventListener('input', (event) => {
  byId('hint').textContent = event.target.value.startsWith('/') ? 'Slash command: Enter sends it to the app' : '';
});
byId('user').addEventListener('change', (event) => void go({ user: event.target.value, tab: 'messages' }));
byId('tab-messages').addEventListener('click', () => void go({ tab: 'messages' }));
byId('tab-home').addEventListener('click', async () => {
  await go({ tab: 'home' });
  await act('home', { user: place.user });
});
byId('thread-close').addEventListener('click', () => void go({}));
function setMenu(open) {
  document.body.classList.toggle('menu-open', open);
  byId('menu').setAttribute('aria-expanded', String(open));
}

byId('menu').addEventListener('click', () => setMenu(!document.body.classList.contains('menu-open')));
byId('main').addEventListener('click', () => setMenu(false));
addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || !document.body.classList.contains('menu-open')) return;
  setMenu(false);
  byId('menu').focus();
});
addEventListener('hashchange', () => {
  readPlace();
  void refresh();
});

readPlace();
lastProblem = Date.now();
await refresh();
new EventSource('ui/changes').addEventListener('message', () => void refresh());
