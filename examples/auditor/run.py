"""Runs the code of the notebook, cell after cell, as Jupyter would: for machines without Jupyter, and for our tests."""

import json
from pathlib import Path

notebook = json.loads((Path(__file__).parent / "notebook.ipynb").read_text())
names = {}
for cell in notebook["cells"]:
    if cell["cell_type"] == "code":
        exec(compile("".join(cell["source"]), cell["id"], "exec"), names)
