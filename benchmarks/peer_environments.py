"""Virtual environments of the other libraries (peers), created when they are first needed."""

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def python_of(peer: str) -> Path:
    """The Python of a peer's environment; installs requirements-<peer>.txt if necessary."""
    requirements = FOLDER / f"requirements-{peer}.txt"
    home = FOLDER / ".venvs" / peer
    python, stamp = home / "bin" / "python", home / "installed"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != digest:
        print(f"installing {requirements.name}: minutes the first time", file=sys.stderr)
        venv.create(home, clear=True, with_pip=True)
        command = [python, "-m", "pip", "install", "--quiet", "--requirement", requirements]
        subprocess.run(list(map(str, command)), check=True)
        stamp.write_text(digest)
    return python
