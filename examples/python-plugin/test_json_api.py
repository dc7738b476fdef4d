"""The data source under plain Python, before an upstream that is a function."""

import unittest

from json_api import JsonApi
from wellhead_sdk.testing import Answer, TestHost, configure, query


class Queries(unittest.TestCase):
    def test_an_array_of_objects_becomes_a_table(self) -> None:
        with TestHost(lambda _: Answer(json=[{"name": "a", "n": 1}, {"n": 2.5}])) as host:
            result = query(configure(JsonApi), {"path": "rows?all=1"})
        self.assertEqual(repr(result.frames), "[<Frame 'A' of 2 rows: n: float64, name: string>]")
        self.assertEqual(host.requests[0].url, "http://upstream/rows?all=1")

    def test_an_upstream_that_says_no_is_quoted(self) -> None:
        with TestHost(lambda _: Answer(404, "no such thing")):
            error = query(configure(JsonApi), {"path": "rows"}).error
        assert error is not None
        self.assertEqual(error.status, 404)
        self.assertIn("no such thing", error.message)


if __name__ == "__main__":
    unittest.main()
