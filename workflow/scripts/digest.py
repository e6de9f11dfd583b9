"""Print the SHA-256 of files, one line a file, in the format of sha256sum.

Snakemake compares large files by their dates, which a fresh checkout does not preserve. What stands
behind a large file in the workflow therefore depends on this small list of contents in its place.
"""

import sys
from pathlib import Path

from program.provenance import file_hash


def digest_lines(paths: list[Path]) -> list[str]:
    """One line a file, folders searched through, sorted by name.

    Raises:
        OSError: when a file cannot be read.
    """
    files: set[Path] = set()
    for path in paths:
        files |= {file for file in path.rglob("*") if file.is_file()} if path.is_dir() else {path}
    return [f"{file_hash(file)}  {file.as_posix()}" for file in sorted(files)]


if __name__ == "__main__":
    print("\n".join(digest_lines([Path(name) for name in sys.argv[1:]])))
