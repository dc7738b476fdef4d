"""grafana-client, unmodified, signs in to Wellhead: credentials good and bad, service accounts, orgs, users, permissions."""

import pytest
from flavours import refused
from grafana_client import GrafanaApi
from grafana_client.client import GrafanaBadInputError, GrafanaUnauthorizedError
from servers import ADMIN, PASSWORD

BODY = {"name": "Shop", "uid": "shop", "type": "testdata", "access": "proxy"}


@pytest.fixture
def account(api, admin):
    """Makes service accounts that go with the test."""
    made = []

    def account(name: str, role: str) -> dict:
        answer = api.serviceaccount.create({"name": name, "role": role})
        made.append(answer["id"])
        return answer

    yield account
    left = {account["id"] for account in admin.serviceaccount.search_all(page=1, perpage=1000)}
    for account_id in left.intersection(made):
        admin.serviceaccount.delete(account_id)


@pytest.fixture
def signed_in(api, account, connect):
    """Makes clients that have a token of a role."""

    def signed_in(role: str, **options) -> GrafanaApi:
        account_id = account(f"with-role-{role.lower()}", role)["id"]
        return connect(api.serviceaccount.create_token(account_id, {"name": f"token-{account_id}"})["key"], **options)

    return signed_in


@pytest.fixture
def org(api, admin):
    """A second org."""
    org_id = api.organization.create_organization("Second Org.")["orgId"]
    yield org_id
    admin.organizations.delete_organization(org_id)


@pytest.fixture
def user(api, admin):
    """A user of the first org, with the role that new ones have."""
    body = {"name": "Zoë", "login": "zoe", "email": "zoe@example.com", "password": "a password of hers", "OrgId": 1}
    answer = api.admin.create_user(body)
    assert answer["message"] == "User created"
    yield {**body, "id": answer["id"]}
    admin.admin.delete_user(answer["id"])


def query(api, source):
    """Asks with one request: whoever may query need not be one who may read data sources."""
    data = {"queries": [{"refId": "A", "datasource": {"uid": source["uid"]}, "scenarioId": "random_walk"}]}
    return api.client.POST("/ds/query", json={"from": "now-5m", "to": "now", **data})["results"]["A"]


# Few, as the server counts them: after some wrong passwords it lets nobody try for a while.
@pytest.mark.parametrize(
    "credential",
    [None, (ADMIN, "wrong"), ("nobody", PASSWORD), "no-token", "glsa_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA_00000000"],
    ids=["none", "bad password", "bad user", "no token", "unknown token"],
)
def test_without_credentials_nothing_is_answered(connect, credential):
    stranger = connect(credential)
    with refused(401, kind=GrafanaUnauthorizedError) as caught:
        stranger.connect()
    assert caught.value.message == "Unauthorized"


def test_no_route_answers_a_stranger(connect, wellhead):
    stranger = connect(None)
    for method, path in [
        ("GET", "/frontend/settings"),
        ("GET", "/datasources"),
        ("POST", "/datasources"),
        ("GET", "/datasources/uid/provisioned"),
        ("PUT", "/datasources/uid/provisioned"),
        ("DELETE", "/datasources/uid/provisioned"),
        ("GET", "/datasources/name/Provisioned"),
        ("GET", "/datasources/id/Provisioned"),
        ("GET", "/datasources/1"),
        ("GET", "/datasources/uid/provisioned/health"),
        ("GET", "/datasources/uid/provisioned/resources/api/v1/labels"),
        ("GET", "/datasources/proxy/1/api/v1/labels"),
        ("GET", "/datasources/proxy/uid/provisioned/api/v1/labels"),
        ("POST", "/ds/query"),
        ("GET", "/plugins"),
        ("GET", "/org"),
        ("GET", "/orgs"),
        ("GET", "/serviceaccounts/search"),
        ("GET", "/users"),
        ("GET", "/openapi.json"),
    ]:
        with refused(401, kind=GrafanaUnauthorizedError):
            getattr(stranger.client, method)(path)
    assert stranger.client.GET("/health")["database"] == "ok"


def test_credentials_stand_in_the_url_or_beside_it(wellhead):
    host = f"127.0.0.1:{wellhead.port}"
    assert GrafanaApi.from_url(f"http://{ADMIN}:{PASSWORD}@{host}").connect()
    assert GrafanaApi.from_url(f"http://{host}", credential=(ADMIN, PASSWORD)).connect()


def test_a_service_account_is_made_found_changed_and_deleted(api, account):
    made = account("reporter", "Viewer")
    assert (made["name"], made["role"], made["orgId"], made["isDisabled"]) == ("reporter", "Viewer", 1, False)
    assert made["login"].startswith("sa-")
    got = api.serviceaccount.get(made["id"])
    assert {key: got[key] for key in ("id", "name", "login", "role", "orgId", "isDisabled")} == {
        key: made[key] for key in ("id", "name", "login", "role", "orgId", "isDisabled")
    }
    changed = api.serviceaccount.update(made["id"], {"name": "writer", "role": "Editor"})
    assert changed["message"] == "Service account updated"
    assert api.serviceaccount.get(made["id"])["role"] == "Editor"
    assert api.serviceaccount.delete(made["id"])["message"] == "Service account deleted"
    with refused(404):
        api.serviceaccount.get(made["id"])


def test_service_accounts_are_found_page_by_page(api, account):
    """The package asks for pages until one is empty: a server that answers each with the first never ends."""
    names = ["reporter-1", "reporter-2", "reporter-3"]
    for name in names:
        account(name, "Viewer")
    (second,) = api.serviceaccount.search(query="reporter", page=2, perpage=2)
    assert [found["name"] for found in second["serviceAccounts"]] == names[2:]
    pages = api.serviceaccount.search(query="reporter", perpage=2)
    assert [[found["name"] for found in page["serviceAccounts"]] for page in pages] == [names[:2], names[2:], []]
    assert {page["totalCount"] for page in pages} == {3}
    (page,) = api.serviceaccount.search(query="reporter-3", page=1)
    assert (page["totalCount"], page["serviceAccounts"][0]["name"]) == (1, "reporter-3")


def test_one_service_account_is_found_by_name(admin, account):
    """Of the plain flavour only: the package's asynchronous one forgets to wait for the answer."""
    made = account("reporter", "Viewer")
    assert admin.serviceaccount.search_one("reporter")["id"] == made["id"]
    with pytest.raises(ValueError, match="No service account matched"):
        admin.serviceaccount.search_one("nobody-has-this-name")


def test_a_token_signs_in_until_it_is_deleted(api, account, connect):
    account_id = account("reporter", "Admin")["id"]
    token = api.serviceaccount.create_token(account_id, {"name": "of-today"})
    assert token["name"] == "of-today" and token["key"]
    (listed,) = api.serviceaccount.get_tokens(account_id)
    assert (listed["id"], listed["name"]) == (token["id"], "of-today")
    assert token["key"] not in str(listed), "it is shown once"

    client = connect(token["key"])
    assert client.connect()["version"]
    assert client.datasource.create_datasource(BODY)["message"] == "Datasource added"
    deleted = api.serviceaccount.delete_token(account_id, token["id"])
    assert deleted["message"] == "Service account token deleted"
    with refused(401, kind=GrafanaUnauthorizedError):
        client.connect()
    assert api.serviceaccount.get_tokens(account_id) == []


def test_tokens_of_one_name_are_refused(api, account):
    account_id = account("reporter", "Viewer")["id"]
    api.serviceaccount.create_token(account_id, {"name": "of-today"})
    with refused(400, kind=GrafanaBadInputError) as caught:
        api.serviceaccount.create_token(account_id, {"name": "of-today"})
    assert "service account token with given name already exists in the organization" in caught.value.message


def test_with_its_service_account_a_token_ends(api, account, connect):
    account_id = account("reporter", "Viewer")["id"]
    client = connect(api.serviceaccount.create_token(account_id, {"name": "of-today"})["key"])
    assert client.connect()
    api.serviceaccount.delete(account_id)
    with refused(401, kind=GrafanaUnauthorizedError):
        client.connect()


def test_a_viewer_asks_and_changes_nothing(api, signed_in):
    source = api.datasource.create_datasource(BODY)["datasource"]
    viewer = signed_in("Viewer")
    assert query(viewer, source)["status"] == 200
    for call in [
        lambda: viewer.datasource.create_datasource({**BODY, "uid": "mine", "name": "Mine"}),
        lambda: viewer.datasource.update_datasource_by_uid("shop", {**source, "name": "Mine"}),
        lambda: viewer.datasource.update_datasource(source["id"], {**source, "name": "Mine"}),
        lambda: viewer.datasource.delete_datasource_by_uid("shop"),
        lambda: viewer.serviceaccount.create({"name": "mine", "role": "Admin"}),
        lambda: viewer.organization.create_organization("Mine"),
        lambda: viewer.admin.create_user({"login": "mine", "password": "mine mine mine"}),
    ]:
        with refused(403):
            call()
    assert api.datasource.get_datasource_by_uid("shop") == source


def test_what_a_role_may_query_is_set_by_data_source(api, signed_in):
    source = api.datasource.create_datasource(BODY)["datasource"]
    viewer = signed_in("Viewer")
    assert query(viewer, source)["status"] == 200
    api.rbac.set_rbac_datasources_builtin_roles("shop", "Viewer", "")
    with refused(403, "Access denied to data source"):
        query(viewer, source)
    assert "Viewer" not in [entry.get("builtInRole") for entry in api.rbac.get_rbac_datasources("shop")]
    api.rbac.set_rbac_datasources_builtin_roles("shop", "Viewer", "Query")
    assert query(viewer, source)["status"] == 200
    (entry,) = [entry for entry in api.rbac.get_rbac_datasources("shop") if entry.get("builtInRole") == "Viewer"]
    assert entry["permission"] == "Query"


def test_an_org_is_made_found_renamed_and_deleted(api):
    answer = api.organization.create_organization("Third Org.")
    assert answer["message"] == "Organization created"
    org_id = answer["orgId"]
    assert api.organization.find_organization("Third Org.")["id"] == org_id
    assert {org["id"]: org["name"] for org in api.organizations.list_organization()}[org_id] == "Third Org."
    with refused(409, "Organization name taken"):
        api.organization.create_organization("Third Org.")
    renamed = api.organizations.update_organization(org_id, {"name": "Fourth Org."})
    assert renamed["message"] == "Organization updated"
    assert api.organizations.delete_organization(org_id)["message"] == "Organization deleted"
    for call in [
        lambda: api.organization.find_organization("Fourth Org."),
        lambda: api.organizations.delete_organization(org_id),
    ]:
        with refused(404):
            call()


def test_the_current_org_is_the_one_that_was_named(api, connect, org):
    current = api.organization.get_current_organization()
    assert (current["id"], current["name"]) == (1, "Main Org.")
    current = connect(organization_id=org).organization.get_current_organization()
    assert (current["id"], current["name"]) == (org, "Second Org.")
    with refused(400, kind=GrafanaBadInputError):
        api.organizations.delete_organization(1)


def test_orgs_know_nothing_of_each_other(api, connect, org):
    other = connect(organization_id=org)
    here = api.datasource.create_datasource(BODY)["datasource"]
    assert other.datasource.list_datasources() == []
    for call in [
        lambda: other.datasource.get_datasource_by_uid("shop"),
        lambda: other.datasource.get_datasource_by_name("Shop"),
        lambda: other.datasource.get_datasource_by_id(here["id"]),
        lambda: other.datasource.delete_datasource_by_uid("shop"),
        lambda: query(other, here),
    ]:
        with refused(404, "Data source not found"):
            call()
    # Names and uids are an org's own; the first of an org is its default.
    there = other.datasource.create_datasource(BODY)["datasource"]
    assert (there["orgId"], there["uid"], there["isDefault"]) == (org, "shop", True)
    other.datasource.delete_datasource_by_uid("shop")
    assert api.datasource.get_datasource_by_uid("shop") == here


@pytest.mark.parametrize("org_id", [99_999, -1, "one", 2**70])
def test_an_org_that_is_not_there_lets_nobody_in(connect, org_id):
    with pytest.raises(Exception) as caught:
        connect(organization_id=org_id).datasource.list_datasources()
    assert caught.value.status_code in (400, 401, 403)
    assert caught.value.response["message"]


def test_a_token_is_good_in_its_own_org_only(signed_in, org):
    with pytest.raises(Exception) as caught:
        signed_in("Admin", organization_id=org).datasource.list_datasources()
    assert caught.value.status_code in (401, 403)
    assert caught.value.response["message"]


def test_the_admin_is_known_by_name(api):
    me = api.user.get_actual_user()
    assert (me["login"], me["isGrafanaAdmin"]) == (ADMIN, True)
    assert 1 in [org["orgId"] for org in api.user.get_actual_user_organisations()]


def test_a_user_signs_in_and_is_found(api, connect, user):
    her = connect((user["login"], user["password"]))
    assert her.user.get_actual_user()["login"] == "zoe"
    for found in [api.users.find_user("zoe"), api.users.find_user("zoe@example.com"), api.users.get_user(user["id"])]:
        assert (found["id"], found["login"], found["name"]) == (user["id"], "zoe", "Zoë")
    assert api.users.search_users("zoe", page=2) == [], "else the next line would ask for pages without end"
    assert [found["login"] for found in api.users.search_users("zoe")] == ["zoe"]
    assert api.users.search_users("nobody-has-this-name") == []
    assert user["password"] not in str(api.users.get_user(user["id"]))
    with refused(404):
        api.users.find_user("nobody-has-this-name")


def test_a_new_password_ends_the_old_one(api, connect, user):
    changed = api.admin.change_user_password(user["id"], "another password of hers")
    assert changed["message"] == "User password updated"
    with refused(401, kind=GrafanaUnauthorizedError):
        connect((user["login"], user["password"])).connect()
    assert connect((user["login"], "another password of hers")).connect()


def test_a_member_of_an_org_has_a_role_there(api, connect, org, user):
    her = connect((user["login"], user["password"]), organization_id=org)
    with pytest.raises(Exception) as caught:
        her.organization.get_current_organization()
    assert caught.value.status_code in (401, 403)

    members = api.organizations
    added = members.organization_user_add(org, {"loginOrEmail": "zoe", "role": "Viewer"})
    assert added["message"] == "User added to organization"
    with refused(409, "User is already member of this organization"):
        members.organization_user_add(org, {"loginOrEmail": "zoe", "role": "Viewer"})
    with refused(403):
        her.datasource.create_datasource(BODY)

    changed = members.organization_user_update(org, user["id"], "Admin")
    assert changed["message"] == "Organization user updated"
    (listed,) = [member for member in members.organization_user_list(org) if member["userId"] == user["id"]]
    assert (listed["login"], listed["role"]) == ("zoe", "Admin")
    assert her.datasource.create_datasource(BODY)["datasource"]["orgId"] == org

    removed = members.organization_user_delete(org, user["id"])
    assert removed["message"] == "User removed from organization"
    with pytest.raises(Exception) as caught:
        her.datasource.list_datasources()
    assert caught.value.status_code in (401, 403)
