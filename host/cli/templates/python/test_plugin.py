"""What the plugin makes of answers: under plain Python, with the API stood in for."""

import unittest
from typing import Any

from plugin import Source
from wellhead_sdk import QueryResult
from wellhead_sdk.host import Request
from wellhead_sdk.testing import Answer, TestHost, configure, query

API = "https://api.example.com/v1"


def ask(place: str, readings: list[dict[str, Any]], **json_data: Any) -> QueryResult:
    """What the plugin answers to a query for `place` where the API gives these readings."""

    def api(request: Request) -> Answer:
        if request.url in (f"{API}/readings/oslo", f"{API}/readings/s%C3%A3o%20paulo"):
            return Answer(json=readings)
        return Answer(404, f"no {request.url}")

    with TestHost(api):
        return query(configure(Source, url=API, json_data=json_data), {"place": place})


class Queries(unittest.TestCase):
    def test_readings_become_rows(self) -> None:
        result = ask("oslo", [{"time": 1767225600, "celsius": -4.5}, {"time": 1767229200, "celsius": None}])
        self.assertEqual(repr(result.frames[0]), "<Frame 'oslo' of 2 rows: time: time.Time, temperature: float64>")

    def test_no_answer_is_longer_than_the_settings_allow(self) -> None:
        result = ask("oslo", [{"time": second, "celsius": 1.0} for second in range(3)], maxRows=2)
        self.assertIn("of 2 rows", repr(result.frames[0]))

    def test_a_place_may_have_any_name(self) -> None:
        self.assertIsNone(ask("são paulo", []).error)

    def test_what_the_api_refuses_is_its_own_error(self) -> None:
        error = ask("atlantis", []).error
        assert error is not None
        self.assertEqual(error.status, 404)
        self.assertIn("readings/atlantis", error.message)


if __name__ == "__main__":
    unittest.main()
