"""grafana-client, unmodified, asks data sources of Wellhead: queries, health, the data proxy, resources, plugins.

A real Prometheus answers, and an upstream that tells what it was sent.
"""

import base64

import pytest
from flavours import refused
from grafana_client.client import GrafanaBadInputError, GrafanaServerError
from grafana_client.model import DatasourceIdentifier
from servers import SAMPLES_FROM, SAMPLES_TO, unused_url

PLUGINS = {"prometheus", "grafana-testdata-datasource"}
RANGE = {"time_from": SAMPLES_FROM, "time_to": SAMPLES_TO}
EAST = 'shop_orders_total{shop="east"}'

# The asynchronous flavour looks at its version without waiting for it; Python says so.
pytestmark = pytest.mark.filterwarnings("ignore:coroutine 'AsyncGrafanaApi.version:RuntimeWarning")


@pytest.fixture
def shop(api, prometheus):
    """A data source on the real Prometheus."""
    body = {"name": "Shop", "uid": "shop", "type": "prometheus", "access": "proxy", "url": prometheus}
    return api.datasource.create_datasource(body)["datasource"]


@pytest.fixture
def testdata(api):
    body = {"name": "Test data", "uid": "testdata", "type": "testdata", "access": "proxy"}
    return api.datasource.create_datasource(body)["datasource"]


@pytest.fixture
def nowhere(api):
    """A data source whose server is not there."""
    body = {"name": "Nowhere", "uid": "nowhere", "type": "prometheus", "access": "proxy", "url": unused_url()}
    return api.datasource.create_datasource(body)["datasource"]


def test_smartquery_asks_prometheus(api, shop):
    result = api.datasource.smartquery(shop, "1+1")["results"]["test"]
    assert result["status"] == 200
    assert result["frames"][0]["data"]["values"][1][0] == 2


@pytest.mark.parametrize("key", ["uid", "name", "id"])
def test_smartquery_finds_the_data_source_by_what_it_is_called(api, shop, key):
    result = api.datasource.smartquery(DatasourceIdentifier(**{key: shop[key]}), "1+1")
    assert result["results"]["test"]["status"] == 200


def test_smartquery_has_the_range_and_the_step_that_were_asked_for(api, shop):
    attributes = {**RANGE, "interval": "60s", "intervalMs": 60_000, "maxDataPoints": 1000, "refId": "orders"}
    frames = api.datasource.smartquery(shop, EAST, attributes)["results"]["orders"]["frames"]
    (frame,) = frames
    times, values = frame["data"]["values"]
    assert frame["schema"]["fields"][1]["labels"]["shop"] == "east"
    assert times == [1000 * second for second in range(SAMPLES_FROM, SAMPLES_TO + 1, 60)]
    assert values == list(range(0, SAMPLES_TO - SAMPLES_FROM + 1, 60))


def test_smartquery_takes_one_instant(api, shop):
    frames = api.datasource.smartquery(shop, EAST, {**RANGE, "instant": True})["results"]["test"]["frames"]
    assert frames[0]["data"]["values"] == [[1000 * SAMPLES_TO], [SAMPLES_TO - SAMPLES_FROM]]


def test_a_bad_expression_fails_in_its_own_result(api, shop):
    with pytest.raises(GrafanaBadInputError) as caught:
        api.datasource.smartquery(shop, "1+")
    result = caught.value.response["results"]["test"]
    assert result["status"] == 400
    assert result["error"] and result["errorSource"] in ("downstream", "plugin")


def ask_testdata(api, testdata, *queries):
    """The package knows the type only by its old name: it is handed the request as it shall be sent."""
    queries = [{"datasource": {"uid": testdata["uid"]}, **query} for query in queries]
    data = {"from": "1700000000000", "to": "1700000600000", "queries": queries}
    return api.datasource.smartquery(testdata, None, request={"method": "POST", "data": data})["results"]


def test_smartquery_asks_testdata(api, testdata):
    csv = {"refId": "A", "scenarioId": "csv_content", "csvContent": "name,count\na,1\nb,2\n"}
    walk = {"refId": "B", "scenarioId": "random_walk", "seed": 1, "maxDataPoints": 10}
    results = ask_testdata(api, testdata, csv, walk)
    assert list(results) == ["A", "B"]
    assert results["A"]["frames"][0]["data"]["values"] == [["a", "b"], [1, 2]]
    assert results["B"]["frames"][0]["schema"]["fields"][0]["type"] == "time"


def test_one_request_asks_several_data_sources(api, shop, testdata):
    of_shop = {"refId": "shop", "datasource": {"uid": shop["uid"]}, "expr": "40+2", "instant": True}
    results = ask_testdata(api, testdata, {"refId": "walk", "scenarioId": "random_walk"}, of_shop)
    assert list(results) == ["shop", "walk"]
    assert results["shop"]["frames"][0]["data"]["values"][1] == [42]
    assert results["walk"]["status"] == 200


def test_a_query_of_a_data_source_that_is_not_there_is_refused(api, testdata):
    with refused(404, "Data source not found"):
        ask_testdata(api, {**testdata, "uid": "none"}, {"refId": "A", "scenarioId": "random_walk"})


def test_the_health_of_a_good_data_source(api, shop, testdata):
    assert api.datasource.health(shop["uid"])["status"] == "OK"
    assert api.datasource.health(testdata["uid"]) == {"status": "OK", "message": "Data source is working"}
    for source in [shop, testdata]:
        health = api.datasource.health_inquiry(source["uid"])
        assert (health.success, health.status, health.type) == (True, "OK", source["type"])


def test_the_health_of_a_data_source_whose_server_is_not_there(api, nowhere):
    with refused(400, kind=GrafanaBadInputError) as caught:
        api.datasource.health(nowhere["uid"])
    assert caught.value.response["status"] == "ERROR"
    health = api.datasource.health_inquiry(nowhere["uid"])
    assert (health.success, health.status, health.message) == (False, "ERROR", caught.value.response["message"])


def test_the_health_of_a_data_source_that_is_not_there(api):
    with refused(500, "Unable to load datasource metadata", GrafanaServerError):
        api.datasource.health("none")
    health = api.datasource.health_inquiry("none")
    assert (health.success, health.message) == (False, "Data source not found")


def test_the_packages_own_health_query(api, shop, nowhere):
    """As it was made before Grafana 9, of a query; it reads the failed result's error from the answer."""
    assert api.datasource.health_check(shop).success
    health = api.datasource.health_check(DatasourceIdentifier(uid=nowhere["uid"]))
    assert (health.success, health.status) == (False, "ERROR")
    assert health.message == health.response["results"]["test"]["error"]


@pytest.fixture(params=["uid", "id"])
def through(request):
    """The two paths of the data proxy, as the package's arguments and as a prefix."""

    def through(source):
        key = request.param
        prefix = "proxy/uid" if key == "uid" else "proxy"
        return {f"datasource_{key}": source[key]}, f"/datasources/{prefix}/{source[key]}"

    return through


def test_the_data_proxy_forwards_forms(api, shop, through):
    named, _ = through(shop)
    answer = api.datasource.query(query=EAST, timestamp=SAMPLES_TO, **named)
    assert answer["status"] == "success"
    assert answer["data"]["result"][0]["value"] == [SAMPLES_TO, "600"]
    answer = api.datasource.query_range(query=EAST, start=SAMPLES_FROM, end=SAMPLES_TO, step=300, **named)
    assert [value for _, value in answer["data"]["result"][0]["values"]] == ["0", "300", "600"]
    answer = api.datasource.series(match=EAST, start=SAMPLES_FROM, end=SAMPLES_TO, **named)
    assert answer["data"] == [{"__name__": "shop_orders_total", "shop": "east"}]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_packages_old_name_of_the_data_proxy(api, shop, through):
    named, _ = through(shop)
    ask = api.datasource.get_datasource_proxy_data
    assert ask(expr="1+1", time=SAMPLES_TO, **named)["data"]["result"][1] == "2"
    answer = ask(query_type="query_range", expr=EAST, start=SAMPLES_FROM, end=SAMPLES_TO, step=600, **named)
    assert len(answer["data"]["result"][0]["values"]) == 2


def test_the_data_proxy_answers_with_the_upstreams_own_failure(api, shop, through):
    named, _ = through(shop)
    with pytest.raises(GrafanaBadInputError) as caught:
        api.datasource.query(query="1+", timestamp=SAMPLES_TO, **named)
    assert caught.value.response["errorType"] == "bad_data"


def test_the_data_proxy_sends_the_data_sources_credentials_and_not_the_callers(api, upstream, through):
    body = {
        "name": "Echo",
        "type": "prometheus",
        "access": "proxy",
        "url": f"{upstream.url}/base",
        "basicAuth": True,
        "basicAuthUser": "shop",
        "jsonData": {"httpHeaderName1": "X-Key"},
        "secureJsonData": {"httpHeaderValue1": "key-of-the-shop", "basicAuthPassword": "password-of-the-shop"},
    }
    _, path = through(api.datasource.create_datasource(body)["datasource"])
    sent = api.client.GET(f"{path}/api/v1/labels?limit=3", headers={"Cookie": "session=caller", "X-Mine": "yes"})
    assert (sent["method"], sent["path"]) == ("GET", "/base/api/v1/labels?limit=3")
    assert sent["headers"]["x-key"] == "key-of-the-shop"
    credentials = base64.b64encode(b"shop:password-of-the-shop").decode()
    assert sent["headers"]["authorization"] == f"Basic {credentials}"
    assert sent["headers"]["x-mine"] == "yes"
    assert "session=caller" not in str(sent["headers"])
    sent = api.client.POST(f"{path}/api/v1/series", json={"match": [EAST]})
    assert (sent["method"], sent["path"]) == ("POST", "/base/api/v1/series")
    assert sent["headers"]["content-type"].startswith("application/json")
    assert EAST.replace('"', '\\"') in sent["body"]


def test_the_data_proxy_has_no_data_source_that_is_not_there(api):
    for path in ["/datasources/proxy/uid/none/api", "/datasources/proxy/99999/api"]:
        with refused(404):
            api.client.GET(path)


def test_the_data_proxy_says_when_the_upstream_is_not_there(api, nowhere, through):
    _, path = through(nowhere)
    with refused(502, kind=GrafanaServerError):
        api.client.GET(f"{path}/api/v1/labels")


def test_resources_are_the_plugins(api, shop, testdata):
    scenarios = api.client.GET(f"/datasources/uid/{testdata['uid']}/resources/scenarios")
    assert "random_walk" in [scenario["id"] for scenario in scenarios]
    path = f"/datasources/uid/{shop['uid']}/resources/api/v1/labels?start={SAMPLES_FROM}&end={SAMPLES_TO}"
    assert "shop" in api.client.GET(path)["data"]


def test_plugins_are_listed_and_found(api):
    assert {plugin["id"] for plugin in api.plugin.list()} >= PLUGINS
    assert api.plugin.by_id("prometheus")["name"] == "Prometheus"
    with pytest.raises(Exception, match="Plugin not found"):
        api.plugin.by_id("none")


def test_the_health_of_a_plugin_that_is_not_there(api):
    with refused(404, "Plugin not found"):
        api.plugin.health("none")
