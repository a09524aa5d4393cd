/** The methods of an address, read from the routes themselves, so that `Allow` is right by construction. */
import type { Express } from 'express';

interface Layer {
  match(path: string): boolean;
  slash?: boolean;
  route?: { methods: Record<string, boolean> };
  handle: object;
}

const stackOf = (router: object): Layer[] => ('stack' in router && Array.isArray(router.stack) ? router.stack : []);

/** Upper case, sorted; empty where there is nothing at the address. */
export function allowedMethods(app: Express, path: string): string[] {
  const methods = new Set<string>();
  const look = (router: object): void => {
    for (const layer of stackOf(router)) {
      if (layer.route !== undefined) {
        if (layer.match(path)) for (const method of Object.keys(layer.route.methods)) methods.add(method.toUpperCase());
      } else if (layer.slash === true) look(layer.handle);
    }
  };
  look(app.router);
  if (methods.has('GET')) methods.add('HEAD');
  return [...methods].sort();
}
