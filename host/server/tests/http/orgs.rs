//! Orgs and their members: statuses and messages are Grafana's.

use crate::support::{ADMIN, As, ROOT, SignedHost, VIEWER, asked};
use axum::http::Method;
use serde_json::{Value, json};
use wellhead::DataSource;
use wellhead_identity::{NewUser, Role};

async fn created(host: &SignedHost, name: &str) -> i64 {
    let created = host.post(ROOT, "/api/orgs", json!({"name": name})).await;
    assert_eq!(created.said(), (200, "Organization created".into()));
    created.json()["orgId"].as_i64().unwrap()
}

#[tokio::test]
async fn an_org_is_made_found_renamed_and_deleted() {
    let host = SignedHost::start().await;
    let id = created(&host, "Team").await;
    let item = json!({"id": id, "name": "Team"});
    assert_eq!(host.get(ROOT, &format!("/api/orgs/{id}")).await.json(), item);
    assert_eq!(host.get(ROOT, "/api/orgs/name/Team").await.json(), item);
    assert_eq!(host.get(ROOT, "/api/orgs?query=TEA").await.json(), json!([item]));
    assert_eq!(host.get(ROOT, "/api/orgs?page=0&perpage=1").await.json()[0]["name"], "Main Org.");
    assert_eq!(host.get(ROOT, "/api/orgs?page=2&perpage=1").await.json(), json!([item]));
    assert_eq!(host.get(ROOT, "/api/orgs?page=3&perpage=1").await.json(), json!([]));
    let taken = (409, "Organization name taken".to_owned());
    assert_eq!(host.post(ROOT, "/api/orgs", json!({"name": "Team"})).await.said(), taken);
    let path = format!("/api/orgs/{id}");
    assert_eq!(host.put(ROOT, &path, json!({"name": "Main Org."})).await.said(), taken);
    assert_eq!(host.put(ROOT, &path, json!({"name": "Crew"})).await.said(), (200, "Organization updated".into()));
    assert_eq!(host.put(ROOT, &path, json!({"name": ""})).await.said().0, 400);
    assert_eq!(host.delete(ROOT, &path).await.said(), (200, "Organization deleted".into()));
    for path in [path.as_str(), "/api/orgs/name/Crew"] {
        assert_eq!(host.get(ROOT, path).await.said(), (404, "Organization not found".into()));
    }
    assert_eq!(host.delete(ROOT, &path).await.said().0, 404);
    assert_eq!(host.get(ROOT, "/api/orgs/x").await.said(), (400, "id is invalid".into()));
    assert_eq!(host.get(ROOT, "/api/orgs?page=x").await.said(), (400, "bad request data".into()));
    for action in ["org.create", "org.update", "org.delete"] {
        assert_eq!(host.told(action, "done"), 1, "{action}");
    }
    assert_eq!((host.told("org.create", "failed"), host.told("org.update", "failed")), (1, 2));
}

#[tokio::test]
async fn with_an_org_go_its_data_sources_and_the_main_one_stays() {
    let host = SignedHost::start().await;
    let id = created(&host, "Team").await;
    let sources = |method: Method, body: Option<Value>| {
        let mut request = asked(&ROOT, method, "/api/datasources", body);
        request.headers_mut().insert("x-grafana-org-id", id.to_string().parse().unwrap());
        host.host.send(request)
    };
    assert_eq!(sources(Method::POST, Some(json!({"type": "scripted", "name": "x"}))).await.status, 200);
    let provisioned = DataSource { org_id: id, read_only: true, ..DataSource::new("p", "Provisioned", "scripted") };
    host.wellhead.data_sources().add(provisioned).await.unwrap();
    let mut own = asked(&ROOT, Method::DELETE, &format!("/api/orgs/{id}"), None);
    own.headers_mut().insert("x-grafana-org-id", id.to_string().parse().unwrap());
    assert_eq!(host.host.send(own).await.said(), (400, "Can not delete org for current user".into()));
    assert_eq!(host.delete(ROOT, &format!("/api/orgs/{id}")).await.status, 200);
    assert!(host.wellhead.data_sources().list(id).await.unwrap().is_empty());
    assert_eq!(sources(Method::GET, None).await.status, 403, "nobody belongs to it");

    assert_eq!(host.delete(ROOT, "/api/orgs/1").await.said().0, 400, "the current one");
    let other = created(&host, "Other").await;
    let mut main = asked(&ROOT, Method::DELETE, "/api/orgs/1", None);
    main.headers_mut().insert("x-grafana-org-id", other.to_string().parse().unwrap());
    let refused = host.host.send(main).await.said();
    assert!(refused.0 == 400 && refused.1.contains("main org"), "{refused:?}");
}

#[tokio::test]
async fn members_come_change_and_go_in_the_current_org_and_in_any() {
    let host = SignedHost::start().await;
    let (org, ed) = (created(&host, "Team").await, host.id("ed"));
    let joe = host.identities.create_user(NewUser { org_id: org, ..NewUser::new("joe", "secret") }).await.unwrap().id;
    // (who, where, whom)
    for (who, path, login, id) in
        [(ADMIN, "/api/org/users".to_owned(), "joe", joe), (ROOT, format!("/api/orgs/{org}/users"), "ed", ed)]
    {
        let body = json!({"loginOrEmail": login, "role": "Viewer"});
        let added = host.post(who.clone(), &path, body.clone()).await;
        assert_eq!(added.json(), json!({"message": "User added to organization", "userId": id}));
        let again = host.post(who.clone(), &path, body).await;
        assert_eq!(again.said(), (409, "User is already member of this organization".into()));
        let nobody = host.post(who.clone(), &path, json!({"loginOrEmail": "nobody", "role": "Viewer"})).await;
        assert_eq!(nobody.said(), (404, "User not found".into()));
        let king = host.post(who.clone(), &path, json!({"loginOrEmail": login, "role": "King"})).await;
        assert_eq!(king.said(), (400, "bad request data".into()));

        let one = format!("{path}/{id}");
        let changed = host.patch(who.clone(), &one, json!({"role": "Editor"})).await;
        assert_eq!(changed.said(), (200, "Organization user updated".into()));
        let members = host.get(who.clone(), &path).await.json();
        let member = members.as_array().unwrap().iter().find(|member| member["userId"] == id).unwrap();
        assert_eq!((&member["login"], &member["role"]), (&json!(login), &json!("Editor")));

        assert_eq!(host.delete(who.clone(), &one).await.said(), (200, "User removed from organization".into()));
        assert_eq!(host.delete(who.clone(), &one).await.said(), (404, "User not found".into()));
        assert_eq!(host.patch(who, &one, json!({"role": "Editor"})).await.said(), (404, "User not found".into()));
    }
    for action in ["member.add", "member.update", "member.remove"] {
        assert_eq!(host.told(action, "done"), 2, "{action}");
    }
    assert_eq!(host.get(ROOT, "/api/orgs/99/users").await.said(), (404, "Organization not found".into()));
}

#[tokio::test]
async fn the_last_admin_of_an_org_stays() {
    let host = SignedHost::start().await;
    let path = format!("/api/org/users/{}", host.id("ada"));
    assert_eq!(host.delete(ADMIN, &path).await.said(), (400, "Cannot remove last organization admin".into()));
    let demoted = host.patch(ADMIN, &path, json!({"role": "Viewer"})).await;
    assert_eq!(demoted.said(), (400, "Cannot change role so that there is no organization admin left".into()));
    host.identities.set_member_role(1, host.id("ed"), Role::Admin).await.unwrap();
    assert_eq!(host.delete(ADMIN, &path).await.status, 200);
}

#[tokio::test]
async fn a_member_has_every_key_that_clients_read() {
    let host = SignedHost::start().await;
    let members = host.get(ADMIN, "/api/org/users").await.json();
    let logins: Vec<_> = members.as_array().unwrap().iter().map(|member| member["login"].clone()).collect();
    assert_eq!(logins, ["ada", "ed", "root", "vi"]);
    let mut vi = members[3].clone();
    vi["userId"] = json!(0);
    insta::assert_json_snapshot!(vi);
}

#[tokio::test]
async fn the_current_org_is_read_by_members_and_renamed_by_its_admin() {
    let host = SignedHost::start().await;
    assert_eq!(host.get(VIEWER, "/api/org").await.json(), json!({"id": 1, "name": "Main Org."}));
    assert_eq!(host.put(ADMIN, "/api/org", json!({"name": "Ours"})).await.said(), (200, "Organization updated".into()));
    assert_eq!(host.get(VIEWER, "/api/org").await.json()["name"], "Ours");
    assert_eq!(host.put(ADMIN, "/api/org", json!({})).await.said(), (400, "bad request data".into()));
    assert_eq!(host.get(As::Nobody, "/api/org").await.said(), (401, "Unauthorized".into()));
}
