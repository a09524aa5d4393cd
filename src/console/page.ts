/** A placeholder until the console is built. The page says what its address is for and what to do instead. */
import { Router } from 'express';

const HTML = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Countersign console</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/console/page.css">
<script type="module" src="/console/page.js"></script>
</head>
<body>
<main>
<h1>Countersign console</h1>
<p>The console is not built yet. Everything it will show can be had today:</p>
<section id="action" hidden>
<h2>This action</h2>
<p><code id="id"></code></p>
<pre><code id="commands"></code></pre>
</section>
<section>
<h2>Elsewhere</h2>
<ul>
<li><a href="/openapi.json">The API’s description</a></li>
<li><a href="/log/default/checkpoint">The log’s newest checkpoint</a></li>
<li><a href="/slack-sandbox">The Slack sandbox</a>, where no Slack is configured</li>
</ul>
</section>
</main>
</body>
</html>
`;

const CSS = `:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 0; }
main { max-width: 44rem; margin: 0 auto; padding: 2rem 1rem; }
pre { white-space: pre-wrap; padding: 1rem; border: 1px solid; border-radius: 0.5rem; }
code { overflow-wrap: anywhere; }
`;

const SCRIPT = `const show = () => {
  const id = /^#(act_[0-9a-f]{64})$/.exec(location.hash)?.[1];
  document.querySelector('#action').hidden = id === undefined;
  if (id === undefined) return;
  document.querySelector('#id').textContent = id;
  document.querySelector('#commands').textContent =
    ['show', 'approve', 'refuse'].map((verb) => \`npx countersign \${verb} \${id}\`).join('\\n');
};
addEventListener('hashchange', show);
show();
`;

export function consoleRoutes(): Router {
  const router = Router();
  router.get('/console', (_request, response) => {
    response.type('html').send(HTML);
  });
  router.get('/console/page.css', (_request, response) => {
    response.type('css').send(CSS);
  });
  router.get('/console/page.js', (_request, response) => {
    response.type('text/javascript').send(SCRIPT);
  });
  return router;
}
