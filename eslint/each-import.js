/** A rule's visitor that hands each import and export from a module to `check(node, source)`, `import()` and types included. */
export const eachImport = (check) => ({
  ImportDeclaration: (node) => check(node, node.source),
  ExportNamedDeclaration: (node) => check(node, node.source),
  ExportAllDeclaration: (node) => check(node, node.source),
  ImportExpression: (node) => check(node, node.source),
  TSImportType: (node) => check(node, node.source ?? node.argument?.literal),
});
