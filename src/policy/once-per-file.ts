/** Several steps of a publication look at the same files. */

interface FileText {
  path: string;
  text: string;
}

/** Reads each file once, as long as it stays as it was. What `read` returns is shared, so nobody may change it. */
export function oncePerFile<F extends FileText, T>(read: (file: F) => T): (file: F) => T {
  const results = new WeakMap<F, FileText & { result: T }>();
  return (file) => {
    const { path, text } = file;
    const before = results.get(file);
    if (before !== undefined && before.path === path && before.text === text) return before.result;
    const result = read(file);
    results.set(file, { path, text, result });
    return result;
  };
}
