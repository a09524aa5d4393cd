/** Not the page of the console, which Vite compiles, nor the plugin, a package that needs the built client. */
const BUILT = /^(?:src\/(?!console\/web\/|temporal\/)|sandbox\/).*\.ts$/;

export const builtOf = (path) => (BUILT.test(path) ? `dist/${path.replace(/\.ts$/, '.js')}` : null);
