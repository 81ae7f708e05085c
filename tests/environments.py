"""Environments of Python that tests make for themselves."""

import os
import subprocess
import venv


class Environment:
    """An environment of Python in a folder; programs in it find no others, so no Node."""

    def __init__(self, folder):
        venv.create(folder, with_pip=True)
        self.bin = folder / ("Scripts" if os.name == "nt" else "bin")
        variables = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL"))}
        self.variables = variables | {"PATH": str(self.bin)}

    def run(self, program, *arguments, cwd):
        """Run one of its programs; its output."""
        done = subprocess.run(
            [self.bin / program, *map(str, arguments)],
            cwd=cwd,
            env=self.variables,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        assert done.returncode == 0, f"{program} failed:\n{done.stdout}\n{done.stderr}"
        return done.stdout
