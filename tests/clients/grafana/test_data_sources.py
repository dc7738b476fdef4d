"""The PyPI package grafana-client, unmodified, keeps data sources in Wellhead as it would in Grafana.

Both of its flavours, the plain one and the asynchronous one, drive every test. Queries are in
test_queries.py, who may do what in test_access.py.
"""

import json

import pytest
from conftest import PROVISIONED, PROVISIONED_SECRET
from flavours import refused
from grafana_client.client import GrafanaBadInputError
from grafana_client.knowledge import datasource_factory
from grafana_client.model import DatasourceIdentifier, DatasourceModel
from verlib2 import Version

URL = "http://127.0.0.1:9090"
SECRET = "not-to-be-seen"

# Keys of one data source, and those that the list adds and leaves out.
ITEM = {
    *("id", "uid", "orgId", "name", "type", "typeLogoUrl", "access", "url", "user", "database", "basicAuth"),
    *("basicAuthUser", "withCredentials", "isDefault", "jsonData", "secureJsonFields", "version", "readOnly"),
}
LIST_ITEM = ITEM - {"version", "secureJsonFields", "withCredentials", "basicAuthUser"} | {"typeName"}

# What the package's own tests send, extra keys and all: an id that the server does not give, a password of old.
FOREIGN = {
    "id": 42,
    "uid": "h8KkCLt7z",
    "orgId": 1,
    "name": "Prometheus",
    "type": "prometheus",
    "typeName": "Prometheus",
    "typeLogoUrl": "public/app/plugins/datasource/prometheus/img/prometheus_logo.svg",
    "access": "proxy",
    "url": "http://172.17.0.1:9090",
    "password": "",
    "user": "",
    "database": "",
    "basicAuth": False,
    "isDefault": True,
    "jsonData": {"httpMethod": "POST"},
    "readOnly": False,
}


def body(name: str, **more) -> dict:
    return {"name": name, "type": "prometheus", "access": "proxy", "url": URL, **more}


def create(api, name: str, **more) -> dict:
    return api.datasource.create_datasource(body(name, **more))["datasource"]


def test_connect_reads_a_version_that_the_package_knows(api):
    info = api.connect()
    assert Version(info["version"]) >= Version("9")
    assert api.version == info["version"]


def test_creating_answers_with_the_whole_data_source(api):
    answer = api.datasource.create_datasource(body("Shop", uid="shop", jsonData={"httpMethod": "POST"}))
    assert set(answer) == {"message", "id", "name", "datasource"}
    assert (answer["message"], answer["name"]) == ("Datasource added", "Shop")
    source = answer["datasource"]
    assert set(source) == ITEM
    assert source["id"] == answer["id"] and isinstance(source["id"], int)
    wanted = {"uid": "shop", "orgId": 1, "url": URL, "jsonData": {"httpMethod": "POST"}, "secureJsonFields": {}}
    assert {key: source[key] for key in wanted} == wanted
    assert source["version"] >= 1 and source["readOnly"] is False


def test_a_data_source_is_found_by_uid_name_and_id(api):
    source = create(api, "Shop of Zoë", uid="shop")
    find = api.datasource
    assert find.get_datasource_by_uid("shop") == source
    assert find.get_datasource_by_name("Shop of Zoë") == source
    assert find.find_datasource("Shop of Zoë") == source
    assert find.get_datasource_by_id(source["id"]) == source
    assert find.get_datasource_id_by_name("Shop of Zoë") == {"id": source["id"]}
    for identifier in [{"uid": "shop"}, {"name": "Shop of Zoë"}, {"id": source["id"]}]:
        assert find.get(DatasourceIdentifier(**identifier)) == source


@pytest.mark.parametrize("name", ["Łódź 東京", "📈", "a.b-c_d (e)", "tab\tin it"])
def test_a_name_comes_back_as_it_was(api, name):
    source = create(api, name)
    assert api.datasource.get_datasource_by_uid(source["uid"])["name"] == name
    assert name in [item["name"] for item in api.datasource.list_datasources()]


def test_a_uid_is_made_where_none_is_given(api):
    first, second = create(api, "First"), create(api, "Second")
    assert first["uid"] and second["uid"] and first["uid"] != second["uid"]


def test_the_list_is_sorted_by_lower_cased_name_and_shorter(api):
    for name in ["beta", "Alpha", "gamma"]:
        create(api, name)
    listed = api.datasource.list_datasources()
    assert [item["name"] for item in listed] == ["Alpha", "beta", "gamma", "Provisioned"]
    assert {frozenset(item) for item in listed} == {frozenset(LIST_ITEM)}
    assert {item["typeName"] for item in listed} == {"Prometheus"}


def test_what_the_packages_own_tests_send_is_taken(api):
    source = api.datasource.create_datasource(FOREIGN)["datasource"]
    assert (source["uid"], source["type"], source["isDefault"]) == ("h8KkCLt7z", "prometheus", True)
    assert api.datasource.get_datasource_by_id(source["id"])["uid"] == "h8KkCLt7z"
    for answer in [
        api.datasource.update_datasource(source["id"], FOREIGN),
        api.datasource.update_datasource_by_uid(source["uid"], FOREIGN),
    ]:
        assert answer["datasource"]["type"] == "prometheus"
        assert answer["datasource"]["id"] == source["id"], "the body's id is not the server's"


@pytest.mark.parametrize("kind", ["testdata", "prometheus"])
def test_what_the_packages_factory_makes_is_taken(api, kind):
    """It sends null for all that it does not know."""
    model = datasource_factory(DatasourceModel(name="Made", type=kind, url=URL, access=None)).asdict()
    assert model["user"] is model["database"] is model["secureJsonData"] is model["secureJsonFields"] is None
    source = api.datasource.create_datasource(model)["datasource"]
    assert (source["access"], source["user"], source["database"]) == ("proxy", "", "")


def test_an_alias_is_answered_with_the_plugins_id(api):
    source = create(api, "Test data", type="testdata", url="")
    assert source["type"] == "grafana-testdata-datasource"
    assert api.datasource.get_datasource_by_uid(source["uid"])["type"] == "grafana-testdata-datasource"


def test_an_empty_name_becomes_the_type(api):
    assert [create(api, "")["name"] for _ in range(3)] == ["prometheus", "prometheus-1", "prometheus-2"]


def by_uid(api, source, change):
    return api.datasource.update_datasource_by_uid(source["uid"], change)


def by_id(api, source, change):
    return api.datasource.update_datasource(source["id"], change)


@pytest.fixture(params=[by_uid, by_id])
def update(request):
    """The package's two ways to update."""
    return request.param


def test_updating_answers_with_the_new_state_and_a_new_version(api, update):
    source = create(api, "Shop")
    answer = update(api, source, {**source, "name": "Market", "jsonData": {"timeInterval": "30s"}})
    assert (answer["message"], answer["name"], answer["id"]) == ("Datasource updated", "Market", source["id"])
    updated = answer["datasource"]
    assert (updated["uid"], updated["jsonData"]) == (source["uid"], {"timeInterval": "30s"})
    assert updated["version"] > source["version"]
    assert api.datasource.get_datasource_by_uid(source["uid"]) == updated


def test_a_stale_version_changes_nothing(api, update):
    source = create(api, "Shop")
    newer = update(api, source, {**source, "name": "Market"})["datasource"]
    message = "Datasource has already been updated by someone else. Please reload and try again"
    with refused(409, message) as caught:
        update(api, source, {**source, "name": "Bazaar"})
    assert caught.value.message == f"Client Error 409: {message}"
    assert api.datasource.get_datasource_by_uid(source["uid"]) == newer


@pytest.mark.parametrize("version", [{}, {"version": 0}])
def test_without_a_version_the_last_one_wins(api, update, version):
    source = create(api, "Shop")
    update(api, source, body("Market", uid=source["uid"], **version))
    updated = update(api, source, body("Bazaar", uid=source["uid"], **version))
    assert updated["datasource"]["name"] == "Bazaar"


def test_names_and_uids_are_unique(api):
    create(api, "Shop", uid="shop")
    with refused(409, "data source with the same name already exists") as caught:
        create(api, "Shop", uid="other")
    assert caught.value.message == "Client Error 409: data source with the same name already exists"
    with refused(409, "data source with the same uid already exists"):
        create(api, "Other", uid="shop")
    assert [item["name"] for item in api.datasource.list_datasources()] == ["Provisioned", "Shop"]


def test_no_update_takes_the_name_of_another(api, update):
    shop, market = create(api, "Shop"), create(api, "Market")
    with refused(409, "data source with the same name already exists"):
        update(api, market, {**market, "name": "Shop"})
    assert api.datasource.get_datasource_by_uid(shop["uid"]) == shop
    assert api.datasource.get_datasource_by_uid(market["uid"]) == market


def test_an_org_has_one_default(api, update):
    shop = create(api, "Shop", isDefault=True)
    market = create(api, "Market", isDefault=True)

    def defaults():
        return [item["name"] for item in api.datasource.list_datasources() if item["isDefault"]]

    assert defaults() == ["Market"]
    shop = api.datasource.get_datasource_by_uid(shop["uid"])
    update(api, shop, {**shop, "isDefault": True})
    assert defaults() == ["Shop"]
    assert market["isDefault"], "it was, when it was made"


@pytest.mark.parametrize("key", ["uid", "name", "id"])
def test_a_deleted_data_source_is_gone(api, key):
    source = create(api, "Shop")
    delete = getattr(api.datasource, f"delete_datasource_by_{key}")
    answer = delete(source[key])
    assert answer["message"] == "Data source deleted"
    assert answer.get("id", source["id"]) == source["id"]
    with refused(404, "Data source not found"):
        delete(source[key])
    assert [item["name"] for item in api.datasource.list_datasources()] == ["Provisioned"]


def test_what_is_not_there_is_not_found(api):
    of = api.datasource
    for call in [
        lambda: of.get_datasource_by_uid("none"),
        lambda: of.get_datasource_by_name("none"),
        lambda: of.get_datasource_by_id(99_999),
        lambda: of.get_datasource_id_by_name("none"),
        lambda: of.update_datasource_by_uid("none", body("None")),
        lambda: of.update_datasource(99_999, body("None")),
        lambda: of.delete_datasource_by_uid("none"),
        lambda: of.delete_datasource_by_name("none"),
        lambda: of.delete_datasource_by_id(99_999),
    ]:
        with refused(404, "Data source not found"):
            call()


def test_a_plugin_that_is_not_there_cannot_be_configured(api):
    with refused(400, kind=GrafanaBadInputError):
        create(api, "Shop", type="no-such-plugin")


def test_a_provisioned_data_source_is_read_only(api, update):
    before = api.datasource.get_datasource_by_uid(PROVISIONED)
    assert before["readOnly"] is True
    with refused(403, "Cannot update read-only data source"):
        update(api, before, {**before, "name": "Mine"})
    for key in ["uid", "name", "id"]:
        with refused(403, "Cannot delete read-only data source"):
            getattr(api.datasource, f"delete_datasource_by_{key}")(before[key])
    assert api.datasource.get_datasource_by_uid(PROVISIONED) == before


def test_secrets_never_come_back(api, update):
    settings = {"jsonData": {"httpHeaderName1": "X-Key"}, "secureJsonData": {"httpHeaderValue1": SECRET}}
    answers = [api.datasource.create_datasource(body("Shop", **settings))]
    source = answers[0]["datasource"]
    # Kept where nothing is sent, as the whole item is sent back without them.
    answers.append(update(api, source, source))
    other = {"secureJsonData": {"basicAuthPassword": SECRET}}
    answers.append(update(api, source, body("Shop", uid=source["uid"], **other)))
    both = {"httpHeaderValue1": True, "basicAuthPassword": True}
    assert [answer["datasource"]["secureJsonFields"] for answer in answers] == [{"httpHeaderValue1": True}] * 2 + [both]
    answers += [
        api.datasource.get_datasource_by_uid(source["uid"]),
        api.datasource.list_datasources(),
        api.client.GET("/frontend/settings"),
    ]
    said = json.dumps(answers)
    assert SECRET not in said and PROVISIONED_SECRET not in said
    assert "secureJsonData" not in said


def test_an_empty_secret_is_removed(api, update):
    source = create(api, "Shop", secureJsonData={"httpHeaderValue1": SECRET, "basicAuthPassword": SECRET})
    change = body("Shop", uid=source["uid"], secureJsonData={"httpHeaderValue1": ""})
    assert update(api, source, change)["datasource"]["secureJsonFields"] == {"basicAuthPassword": True}
