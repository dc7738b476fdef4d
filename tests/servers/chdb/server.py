"""A current ClickHouse behind the HTTP interface's form: chdb is its engine in a library, and the parser, types, settings
and formats are its own. Only what is in this file is not: HTTP, users, query parameters. Queries run one by one, and an
answer is whole before it is sent, so that nothing here streams or is killed.

    server.py PORT FOLDER
"""

import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from chdb import session

USERS = {"default": "", "reader": "right"}
# Parameters of the interface; all others are settings.
OWN = {"query", "database", "default_format", "query_id"}
STATUS = {516: 403, 60: 404, 81: 404, 46: 404, 47: 404, 62: 400, 159: 408, 241: 500}

engine = session.Session(sys.argv[2])
one_by_one = threading.Lock()


def quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def run(sql, pairs):
    """The answer's bytes. What is set for one query is not set for the next."""
    database = dict(pairs).get("database", "default")
    settings = [(name, value) for name, value in pairs if name not in OWN]
    done = []
    try:
        engine.query("USE `" + database.replace("`", "\\`") + "`", "Null")
        for name, value in settings:
            engine.query(f"SET {name} = {quoted(value)}", "Null")
            done.append(name)
        return engine.query(sql, dict(pairs).get("default_format", "TabSeparated")).bytes()
    finally:
        for name in done:
            if not name.startswith("param_"):
                engine.query(f"SET {name} = DEFAULT", "Null")


class Interface(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def refuse(self, text):
        found = re.search(r"Code: (\d+)", text)
        code = int(found.group(1)) if found else 1002
        self.answer(STATUS.get(code, 500), text.encode() + b"\n", [("X-ClickHouse-Exception-Code", str(code))])

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        whole = b""
        while length := int(self.rfile.readline().split(b";")[0], 16):
            whole += self.rfile.read(length)
            self.rfile.readline()
        self.rfile.readline()
        return whole

    def do_POST(self):
        address = urlsplit(self.path)
        pairs = parse_qsl(address.query, keep_blank_values=True)
        body = self.body().decode("utf-8", "surrogateescape")
        user = self.headers.get("X-ClickHouse-User", "default")
        if USERS.get(user) != self.headers.get("X-ClickHouse-Key", ""):
            return self.refuse(
                f"Code: 516. DB::Exception: {user}: Authentication failed: password is incorrect, or there is no user "
                "with such name. (AUTHENTICATION_FAILED) (version 26.9)"
            )
        sql = dict(pairs).get("query", "") + body
        try:
            with one_by_one:
                rows = run(sql, pairs)
        except Exception as error:  # Whatever the engine says is an answer.
            return self.refuse(str(error))
        headers = [("X-ClickHouse-Timezone", "UTC"), ("X-ClickHouse-Format", dict(pairs).get("default_format", ""))]
        self.answer(200, rows, headers)

    do_GET = do_POST


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Interface).serve_forever()
