"""The client is small enough to be read whole before it is trusted: 400 lines of code, without the guard of agents and Temporal's plugin."""

import ast
import io
import tokenize
import unittest
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "src" / "countersign"
CLIENT = ("__init__", "_client", "_http", "_verify", "testing")
NO_CODE = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)


def lines_of(text: str) -> int:
    """Lines with code in them: neither blank, nor comment, nor docstring."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    lines = {line for token in tokens if token.type not in NO_CODE for line in range(token.start[0], token.end[0] + 1)}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and ast.get_docstring(node) is not None:
            lines -= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    return len(lines)


class Size(unittest.TestCase):
    def test_at_most_400_lines(self) -> None:
        self.assertLessEqual(sum(lines_of((PACKAGE / f"{name}.py").read_text()) for name in CLIENT), 400)

    def test_no_module_is_forgotten(self) -> None:
        beside = ("agent", "temporal", "temporal_workflow")
        self.assertEqual(sorted(path.stem for path in PACKAGE.glob("*.py")), sorted((*CLIENT, *beside)))

    def test_counts_code_alone(self) -> None:
        text = '"""A page\nof text."""\n\n# a remark\ndef f():\n    """What it does."""\n    return [\n        1,\n    ]\n'
        self.assertEqual(lines_of(text), 4)


if __name__ == "__main__":
    unittest.main()
