"""Requests as an upstream sees them, and what becomes of its answers."""

import asyncio
import unittest
from typing import Any

from wellhead_sdk import ErrorSource, Http, InstanceSettings, PluginError, RequestContext, Secrets, path_segment
from wellhead_sdk.host import Request
from wellhead_sdk.http.address import Address
from wellhead_sdk.http.patience import patient
from wellhead_sdk.http.response import Incoming, StreamedResponse
from wellhead_sdk.testing import Answer, Failure, HttpFailure, TestHost, run


def failed(work: Any) -> PluginError:
    try:
        run(work)
    except PluginError as error:
        return error
    raise AssertionError("it worked")


class Requests(unittest.TestCase):
    def sent(self, base: str, *arguments: Any, ctx: RequestContext | None = None, **parts: Any) -> Request:
        with TestHost(lambda _: Answer()) as host:
            run(Http(base).request(*arguments[:1], ctx or RequestContext(), *arguments[1:], **parts))
        return host.requests[0]

    def test_paths_and_pairs_are_appended(self) -> None:
        for base, path, query, url in (
            ("http://h", "", {}, "http://h/"),
            ("http://h/base/", "/q", {"a": 1}, "http://h/base/q?a=1"),
            ("http://h?k=v", "q?x=1", {"b": "x y"}, "http://h/q?k=v&x=1&b=x%20y"),
            ("http://h", "http://other/x", {"f": True}, "http://other/x?f=true"),
        ):
            self.assertEqual(self.sent(base, "GET", path, query=query).url, url)
        self.assertEqual(path_segment("a/b c"), "a%2Fb%20c")

    def test_a_byte_order_mark_is_no_part_of_an_answer(self) -> None:
        with TestHost(lambda _: Answer(body=b"\xef\xbb\xbf[1]")):
            answer = run(Http("http://h").get(RequestContext()))
        self.assertEqual((answer.text, answer.json(list[int])), ("[1]", [1]))

    def test_bodies_bear_their_type(self) -> None:
        request = self.sent("http://h", "POST", json={"a": "ü"})
        self.assertEqual((request.body, dict(request.headers)["content-type"]), ('{"a": "ü"}'.encode(), b"application/json"))
        self.assertEqual(self.sent("http://h", "POST", form={"q": "a+b"}).body, b"q=a%2Bb")

    def test_forwarded_headers_and_the_trace_go_along_and_the_authors_win(self) -> None:
        ctx = RequestContext(headers=[("authorization", "Bearer user"), ("x-id", "i")], traceparent="00-1-2-01")
        request = self.sent("http://h", "GET", ctx=ctx, headers={"Authorization": "mine"})
        self.assertEqual(
            dict(request.headers), {"authorization": b"mine", "x-id": b"i", "traceparent": b"00-1-2-01"}
        )

    def test_basic_auth_is_sent_where_there_is_a_secret(self) -> None:
        settings = InstanceSettings({}, url="http://h", basic_auth=True, basic_auth_user="u")
        settings.secrets = Secrets([("basicAuthPassword", "p")])
        with TestHost(lambda _: Answer()) as host:
            run(Http.for_settings(settings).get(RequestContext()))
        self.assertEqual(dict(host.requests[0].headers), {"authorization": b"Basic dTpw"})
        self.assertNotIn("p'", repr(settings.secrets))

    def test_a_place_that_makes_no_sense_is_a_bad_request(self) -> None:
        for base, path, said in (
            ("", "", "the data source has no URL: set one"),
            ("ftp://h", "", 'the scheme is "ftp"'),
            ("http://u:p@h", "", "must not hold user name and password"),
            ("http://h", "a/%2E./b", "has a segment of dots"),
            ("http://h", "a b", "percent-encode it"),
        ):
            with TestHost(), self.assertRaises(PluginError) as raised:
                self.sent(base, "GET", path)
            self.assertEqual(raised.exception.status, 400)
            self.assertIn(said, raised.exception.message)


class Answers(unittest.TestCase):
    def get(self, answer: Answer, **client: Any) -> Any:
        async def ask() -> Any:
            with TestHost(lambda _: answer):
                return await Http("http://h", **client).get(RequestContext(), "p", query={"token": "t"})

        return ask()

    def test_a_status_that_says_no_keeps_its_number_and_quotes_the_answer(self) -> None:
        error = failed(self.get(Answer(404, '{"error":\n  "no such thing"}')))
        self.assertEqual((error.status, error.source), (404, ErrorSource.DOWNSTREAM))
        self.assertEqual(error.message, 'GET http://h/p: the server answered 404 Not Found: {"error": "no such thing"}')
        error = failed(self.get(Answer(405)))
        self.assertEqual(error.source, ErrorSource.PLUGIN)
        self.assertLess(len(failed(self.get(Answer(500, "x" * 100_000))).message), 1_000)

    def test_json_that_is_not_as_expected_is_named_and_quoted(self) -> None:
        response = run(self.get(Answer(body='{"rows": [1, "x"]}')))
        with self.assertRaises(PluginError) as raised:
            response.json(dict[str, list[int]])
        self.assertIn('GET http://h/p: answer.rows[1]: expected an integer, found "x"', raised.exception.message)
        with self.assertRaises(PluginError) as raised:
            run(self.get(Answer(body="<html>"))).json()
        self.assertIn('it begins "<html>"', raised.exception.message)

    def test_a_body_above_the_limit_or_cut_short_is_an_error(self) -> None:
        self.assertEqual(len(run(self.get(Answer(body="x" * 1_000), max_body=1_000)).body), 1_000)
        error = failed(self.get(Answer(body="x" * 1_001), max_body=1_000))
        self.assertIn("the answer is too large (1000 bytes are allowed: ask for less)", error.message)
        error = failed(self.get(Answer(body="x", headers={"Content-Length": "2"})))
        self.assertIn("it ended before the answer was whole", error.message)

    def test_an_answer_that_has_no_body_may_tell_the_length_of_the_one_it_has_not(self) -> None:
        async def ask(method: str) -> Any:
            headers = {"Content-Length": "2000000000"}
            with TestHost(lambda request: Answer(200 if request.method == "HEAD" else 304, headers=headers)):
                return await Http("http://h").request(method, RequestContext(), "p", any_status=True)

        self.assertEqual(run(ask("HEAD")).body, b"")
        self.assertEqual(run(ask("GET")).status, 304)

    def test_failures_get_grafanas_status_and_source(self) -> None:
        for failure, status, source in (
            (Failure.DENIED, 403, ErrorSource.PLUGIN),
            (Failure.TIMEOUT, 504, ErrorSource.DOWNSTREAM),
            (Failure.REFUSED, 502, ErrorSource.DOWNSTREAM),
        ):

            def refuse(_: Request, failure: Failure = failure) -> Answer:
                raise HttpFailure(failure, "why")

            async def ask() -> Any:
                with TestHost(refuse):
                    return await Http("http://h").get(RequestContext(), "p")

            error = failed(ask())
            self.assertEqual((error.status, error.source), (status, source))
            self.assertIn("(why)", error.message)

    def test_an_answer_that_stalls_is_given_up_in_time(self) -> None:
        async def stall(_: Request) -> Answer:
            await asyncio.sleep(60)
            return Answer()

        async def ask(respond: Any, timeout: float | None) -> Any:
            with TestHost(respond):
                return await Http("http://h").get(RequestContext(), "p", query={"t": 1}, timeout=timeout)

        error = failed(ask(stall, 0.02))
        self.assertEqual((error.status, error.source), (504, ErrorSource.DOWNSTREAM))
        self.assertEqual(error.message, "GET http://h/p: no answer in time (20 ms)")
        self.assertEqual(run(ask(lambda _: Answer(body="x"), 60)).body, b"x")

    def test_each_part_of_a_body_has_its_own_time(self) -> None:
        async def parts(*waits: float) -> bytes:
            left = [*waits]
            closed: list[bool] = []

            async def read(_: int) -> bytes:
                if not left:
                    return b""
                await asyncio.sleep(left.pop(0))
                return b"x"

            body = b""
            stalling = patient(0.2, Incoming(200, [], read, lambda: closed.append(True)))
            async for chunk in StreamedResponse("GET", Address.parse("http://h"), stalling):
                body += chunk
            self.assertTrue(closed)
            return body

        self.assertEqual(run(parts(0.08, 0.08, 0.08, 0.08)), b"xxxx")
        self.assertIn("no answer in time (200 ms)", failed(parts(0.01, 60)).message)

    def test_lines_of_a_streamed_body_are_whole(self) -> None:
        async def lines() -> list[bytes]:
            with TestHost(lambda _: Answer(body=b"a\r\n" + b"b" * 100_000 + b"\nlast")):
                answer = await Http("http://h").stream("GET", RequestContext())
                return [line async for line in answer.lines()]

        self.assertEqual(run(lines()), [b"a", b"b" * 100_000, b"last"])

    def test_a_line_without_an_end_is_given_up(self) -> None:
        closed: list[bool] = []
        chunks = iter([b"a\r\n\r\n"])

        async def read(most: int) -> bytes:
            return next(chunks, b"a" * most)

        incoming = Incoming(200, [], read, lambda: closed.append(True))
        answer = StreamedResponse("GET", Address.parse("http://h/p"), incoming)
        lines: list[bytes] = []

        async def all_lines() -> None:
            async for line in answer.lines():
                lines.append(line)

        error = failed(all_lines())
        self.assertIn("too large (a line has more than the 16777216 bytes allowed)", error.message)
        self.assertEqual((lines, bool(closed)), ([b"a", b""], True))


if __name__ == "__main__":
    unittest.main()
