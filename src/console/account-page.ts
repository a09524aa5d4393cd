/** A person's own page: who they are, their sessions, and the sign-out. */

const page = (body: string, script = ''): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Your account · Countersign</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/account/page.css">${script}
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`;

const ESCAPED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Why somebody could not sign in, and what to do next. */
export const failurePage = (message: string): string =>
  page(
    `<h1>You are not signed in</h1>\n<p>${message.replace(/[&<>"']/g, (character) => ESCAPED[character] ?? '')}</p>\n<p><a href="/sign-in">Sign in</a></p>`,
  );

export const ACCOUNT_HTML = page(
  `<h1>Your account</h1>
<p id="nobody" hidden>You are not signed in. <a href="/sign-in">Sign in</a></p>
<section id="somebody" hidden>
<p>You are <strong id="name"></strong> (<code id="id"></code>) in <code id="tenant"></code>.</p>
<p>Roles: <span id="roles"></span>. Groups: <span id="groups"></span>.</p>
<h2>Sessions</h2>
<ul id="sessions"></ul>
<form method="post" action="/sign-out"><button>Sign out</button></form>
</section>`,
  '\n<script type="module" src="/account/page.js"></script>',
);

export const ACCOUNT_STYLE = `:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 0; }
main { max-width: 44rem; margin: 0 auto; padding: 2rem 1rem; }
code { overflow-wrap: anywhere; }
`;

export const ACCOUNT_SCRIPT = `const at = (id) => document.querySelector('#' + id);
const say = (id, text) => { at(id).textContent = text; };
const list = (names) => names.join(', ') || 'none';
const show = async () => {
  const answer = await fetch('/v1/me');
  at('nobody').hidden = answer.ok;
  at('somebody').hidden = !answer.ok;
  if (!answer.ok) return;
  const me = await answer.json();
  say('name', me.name ?? me.id);
  say('id', me.id);
  say('tenant', me.tenant);
  say('roles', list(me.roles));
  say('groups', list(me.groups));
  const { sessions } = await (await fetch('/v1/sessions')).json();
  at('sessions').replaceChildren(...sessions.map((session) => {
    const item = document.createElement('li');
    item.append(\`\${session.person}, since \${session.createdAt}, until \${session.expiresAt}, by \${session.by}\`);
    if (session.current) item.append(' (this one)');
    else {
      const end = document.createElement('button');
      end.textContent = 'End';
      end.addEventListener('click', async () => {
        await fetch('/v1/sessions/' + session.id, { method: 'DELETE' });
        await show();
      });
      item.append(' ', end);
    }
    return item;
  }));
};
await show();
`;
