"""A web server for a watched report, reachable from this machine only."""

import mimetypes
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from reporting.watch.watched_report import WatchedReport


class ReportServer(ThreadingHTTPServer):
    """Serves the report where it lies in the repository, so that its links lead somewhere.

    Args:
        port: 0 chooses a free one.
        folders: address below which files are served, such as `/results/demo/runs/` -> their
            folder.
    """

    daemon_threads = True

    def __init__(
        self, port: int, report: WatchedReport, home: str, folders: dict[str, Path]
    ) -> None:
        super().__init__(("127.0.0.1", port), ReportHandler)
        self.report, self.home, self.folders = report, home, folders

    @property
    def url(self) -> str:
        """The address of the report."""
        return f"http://127.0.0.1:{self.server_port}{self.home}"

    def file_at(self, address: str) -> Path | None:
        """The file behind an address; None where there is none, or it lies outside."""
        for start, folder in self.folders.items():
            if address.startswith(start):
                path = (folder / address.removeprefix(start)).resolve()
                inside = path.is_relative_to(folder.resolve())
                return path if inside and path.is_file() else None
        return None


class ReportHandler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: ReportServer

    def do_GET(self) -> None:
        """The page, its section on the runs in progress, or a file."""
        address = unquote(urlsplit(self.path).path)
        home, report = self.server.home, self.server.report
        if address == "/":
            self.send_response(HTTPStatus.FOUND)
            self.send_header("Location", home)
            self.end_headers()
        elif address in (home, f"{home}index.html"):
            self._answer(report.page().encode(), "text/html; charset=utf-8")
        elif address == f"{home}in-progress":
            self._answer(report.section().encode(), "text/html; charset=utf-8")
        elif (file := self.server.file_at(address)) is not None:
            kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            self._answer(file.read_bytes(), kind)
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def _answer(self, content: bytes, kind: str) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        """Requests are not worth a line each."""
