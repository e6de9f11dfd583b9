"""Print the SHA-256 of files, one line per file, in the format of sha256sum.

Snakemake compares large files by their modification times, which a fresh checkout does not
preserve. Rules downstream of a large file therefore depend on this small list of hashes instead.
"""

import sys
from pathlib import Path

from program.provenance import file_hash


def digest_lines(paths: list[Path]) -> list[str]:
    """One line per file, sorted by name; folders are searched recursively.

    Raises:
        OSError: when a file cannot be read.
    """
    files: set[Path] = set()
    for path in paths:
        files |= {file for file in path.rglob("*") if file.is_file()} if path.is_dir() else {path}
    return [f"{file_hash(file)}  {file.as_posix()}" for file in sorted(files)]


if __name__ == "__main__":
    print("\n".join(digest_lines([Path(name) for name in sys.argv[1:]])))
