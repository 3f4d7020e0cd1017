"""Executes a notebook as a person does who opens it and runs all cells.

usage: notebook.py NOTEBOOK EXECUTED

The notebook must come without outputs; EXECUTED gets them. Nothing of the user's own
Jupyter is used.
"""

import os
import sys
import tempfile
from pathlib import Path

source, executed = map(Path, sys.argv[1:])
with tempfile.TemporaryDirectory() as own:
    for name in ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR"):
        os.environ[f"JUPYTER_{name}"] = own
    os.environ["IPYTHONDIR"] = own
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"

    import nbformat
    from nbclient import NotebookClient
    from traitlets.config import Config

    notebook = nbformat.read(source, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None, f"{cell.id} has outputs"
    # Files instead of ports: nobody else is to talk to the kernel.
    config = Config(KernelManager={"transport": "ipc", "ip": os.path.join(own, "kernel")})
    resources = {"metadata": {"path": str(executed.parent)}}
    NotebookClient(notebook, timeout=120, config=config, resources=resources).execute()
    nbformat.write(notebook, executed)
