//! Users, by themselves and by server admins: statuses and messages are Grafana's.

use crate::support::{ADMIN, As, PASSWORD, ROOT, SignedHost, VIEWER};
use serde_json::{Value, json};

const ZOE: As = As::User("zoe");

async fn zoe(host: &SignedHost) -> i64 {
    let body = json!({"login": "zoe", "email": "zoe@example.com", "name": "Zoë", "password": PASSWORD, "OrgId": 1});
    let created = host.post(ROOT, "/api/admin/users", body).await;
    assert_eq!(created.said(), (200, "User created".into()));
    created.json()["id"].as_i64().unwrap()
}

#[tokio::test]
async fn a_user_is_made_found_changed_and_deleted() {
    let host = SignedHost::start().await;
    let id = zoe(&host).await;
    let path = format!("/api/users/{id}");
    let mut item = host.get(ROOT, &path).await.json();
    for found in ["lookup?loginOrEmail=zoe", "lookup?loginOrEmail=ZOE%40example.com"] {
        assert_eq!(host.get(ROOT, &format!("/api/users/{found}")).await.json(), item, "{found}");
    }
    for made in ["id", "createdAt", "updatedAt"] {
        item[made] = json!(0);
    }
    insta::assert_json_snapshot!(item);
    assert_eq!(host.get(ROOT, "/api/users/lookup?loginOrEmail=x").await.said(), (404, "User not found".into()));
    assert_eq!(host.get(ROOT, "/api/users/lookup").await.said(), (400, "bad request data".into()));
    let orgs = json!([{"orgId": 1, "name": "Main Org.", "role": "Viewer"}]);
    assert_eq!(host.get(ROOT, &format!("{path}/orgs")).await.json(), orgs);

    let changed = host.put(ROOT, &path, json!({"name": "Z.", "login": ""})).await;
    assert_eq!(changed.said(), (200, "User updated".into()));
    let now = host.get(ROOT, &path).await.json();
    assert_eq!((&now["name"], &now["login"], &now["email"]), (&json!("Z."), &json!("zoe"), &json!("zoe@example.com")));
    let taken = host.put(ROOT, &path, json!({"login": "ada"})).await;
    assert_eq!(taken.said(), (409, "User already exists".into()));

    let path = format!("/api/admin/users/{id}");
    assert_eq!(host.delete(ROOT, &path).await.said(), (200, "User deleted".into()));
    assert_eq!(host.delete(ROOT, &path).await.said(), (404, "User not found".into()));
    for action in ["user.create", "user.update", "user.delete"] {
        assert_eq!(host.told(action, "done"), 1, "{action}");
    }
    assert!(!host.audit.lines().concat().contains(PASSWORD));
}

#[tokio::test]
async fn a_user_that_cannot_be_is_refused_with_grafanas_status() {
    let host = SignedHost::start().await;
    zoe(&host).await;
    for (body, status) in [
        (json!({"login": "ZOE", "password": PASSWORD}), 412),
        (json!({"login": "x", "email": "zoe@example.com", "password": PASSWORD}), 412),
        (json!({"name": "x", "password": PASSWORD}), 400),
        (json!({"login": "x", "password": "x"}), 400),
        (json!({"login": "x"}), 400),
        (json!({"login": "a:b", "password": PASSWORD}), 400),
        (json!({"login": "x", "password": PASSWORD, "OrgId": 99}), 400),
        (json!([]), 400),
    ] {
        assert_eq!(host.post(ROOT, "/api/admin/users", body.clone()).await.status, status, "{body}");
    }
    assert_eq!(host.told("user.create", "done"), 1);
}

#[tokio::test]
async fn users_are_listed_page_by_page_until_one_is_empty() {
    let host = SignedHost::start().await;
    let logins = |users: &Value| -> Vec<String> {
        users.as_array().unwrap().iter().map(|user| user["login"].as_str().unwrap().to_owned()).collect()
    };
    for (page, expected) in
        [(-1, vec!["ada", "ed", "root"]), (0, vec!["ada", "ed", "root"]), (2, vec!["vi"]), (3, vec![])]
    {
        let listed = host.get(ROOT, &format!("/api/users?perpage=3&page={page}")).await.json();
        assert_eq!(logins(&listed), expected, "page {page}");
    }
    let found = host.get(ROOT, "/api/users/search?query=E&perpage=2&page=1").await.json();
    assert_eq!((&found["totalCount"], &found["page"], &found["perPage"]), (&json!(1), &json!(1), &json!(2)));
    let mut ed = found["users"][0].clone();
    ed["id"] = json!(0);
    insta::assert_json_snapshot!(ed);
}

#[tokio::test]
async fn a_server_admin_sets_passwords_rights_and_whether_one_may_sign_in() {
    let host = SignedHost::start().await;
    let path = format!("/api/admin/users/{}", zoe(&host).await);
    assert_eq!(host.get(ZOE, "/api/user").await.status, 200);
    let disabled = host.ask(ROOT, axum::http::Method::POST, &format!("{path}/disable"), None).await;
    assert_eq!(disabled.said(), (200, "User disabled".into()));
    assert_eq!(host.get(ZOE, "/api/user").await.status, 401);
    assert_eq!(host.post(ROOT, &format!("{path}/enable"), json!({})).await.said(), (200, "User enabled".into()));

    assert_eq!(host.get(ZOE, "/api/users").await.status, 403);
    let raised = host.put(ROOT, &format!("{path}/permissions"), json!({"isGrafanaAdmin": true})).await;
    assert_eq!(raised.said(), (200, "User permissions updated".into()));
    assert_eq!(host.get(ZOE, "/api/users").await.status, 200);

    assert_eq!(host.put(ROOT, &format!("{path}/password"), json!({"password": "x"})).await.status, 400);
    let changed = host.put(ROOT, &format!("{path}/password"), json!({"password": "another one"})).await;
    assert_eq!(changed.said(), (200, "User password updated".into()));
    assert_eq!(host.get(ZOE, "/api/user").await.status, 401);
}

#[tokio::test]
async fn the_last_server_admin_stays() {
    let host = SignedHost::start().await;
    let path = format!("/api/admin/users/{}", host.id("root"));
    let kept = (400, "cannot remove last grafana admin".to_owned());
    assert_eq!(host.put(ROOT, &format!("{path}/permissions"), json!({"isGrafanaAdmin": false})).await.said(), kept);
    assert_eq!(host.post(ROOT, &format!("{path}/disable"), json!({})).await.said(), kept);
    assert_eq!(host.delete(ROOT, &path).await.said(), kept);
}

#[tokio::test]
async fn an_org_admin_has_no_power_over_users_of_the_server() {
    let host = SignedHost::start().await;
    for login in ["ada", "vi", "root"] {
        let path = format!("/api/admin/users/{}", host.id(login));
        let refused = host.put(ADMIN, &format!("{path}/password"), json!({"password": "taken over"})).await;
        assert_eq!(refused.status, 403, "{login}");
        let refused = host.put(ADMIN, &format!("{path}/permissions"), json!({"isGrafanaAdmin": true})).await;
        assert_eq!(refused.status, 403, "{login}");
    }
    assert_eq!(host.get(VIEWER, "/api/user").await.status, 200, "the password is the old one");
}

#[tokio::test]
async fn everybody_has_a_profile_of_their_own() {
    let host = SignedHost::start().await;
    let me = host.get(VIEWER, "/api/user").await.json();
    assert_eq!((&me["login"], &me["isGrafanaAdmin"], &me["orgId"]), (&json!("vi"), &json!(false), &json!(1)));
    let changed = host.put(VIEWER, "/api/user", json!({"name": "Vi", "isGrafanaAdmin": true})).await;
    assert_eq!(changed.said(), (200, "User updated".into()));
    let me = host.get(VIEWER, "/api/user").await.json();
    assert_eq!((&me["name"], &me["isGrafanaAdmin"]), (&json!("Vi"), &json!(false)));

    let change = |old: &str, new: &str| json!({"oldPassword": old, "newPassword": new, "confirmNew": new});
    let wrong = host.put(VIEWER, "/api/user/password", change("wrong", "another one")).await;
    assert_eq!(wrong.said(), (401, "Invalid old password".into()));
    assert_eq!(host.put(VIEWER, "/api/user/password", change(PASSWORD, "x")).await.status, 400);
    let differ = json!({"oldPassword": PASSWORD, "newPassword": "another one", "confirmNew": "yet another"});
    assert_eq!(host.put(VIEWER, "/api/user/password", differ).await.status, 400);
    let changed = host.put(VIEWER, "/api/user/password", change(PASSWORD, "another one")).await;
    assert_eq!(changed.said(), (200, "User password changed".into()));
    assert_eq!(host.get(VIEWER, "/api/user").await.status, 401, "the old one is over");
}

#[tokio::test]
async fn one_switches_to_an_org_of_ones_own_only() {
    let host = SignedHost::start().await;
    let team = host.identities.create_org("Team", None).await.unwrap().id;
    let vi = host.id("vi");
    let using = format!("/api/user/using/{team}");
    assert_eq!(host.post(VIEWER, &using, json!({})).await.said(), (401, "Not a valid organization".into()));
    host.identities.add_member(team, vi, wellhead_identity::Role::Editor).await.unwrap();
    assert_eq!(host.post(VIEWER, &using, json!({})).await.said(), (200, "Active organization changed".into()));
    assert_eq!(host.get(VIEWER, "/api/org").await.json()["id"], team);
    let orgs = host.get(VIEWER, "/api/user/orgs").await.json();
    assert_eq!(orgs[1], json!({"orgId": team, "name": "Team", "role": "Editor"}));
    let back = host.post(ROOT, &format!("/api/users/{vi}/using/1"), json!({})).await;
    assert_eq!(back.said(), (200, "Active organization changed".into()));
    assert_eq!(host.get(VIEWER, "/api/org").await.json()["id"], 1);
    assert_eq!(host.post(ROOT, "/api/users/999/using/1", json!({})).await.said(), (404, "User not found".into()));
}

#[tokio::test]
async fn what_is_refused_over_and_over_is_written_down_now_and_then() {
    let host = SignedHost::start().await;
    let unknown = As::Token(format!("glsa_{}_00000000", "x".repeat(32)));
    for _ in 0..25 {
        assert_eq!(host.get(unknown.clone(), "/api/org").await.status, 401);
    }
    let lines = host.audit.lines();
    assert_eq!(lines.len(), 2, "the first and the tenth: {lines:#?}");
    assert!(lines[1].contains(r#""details":{"reason":"unknownToken","times":"10"}"#), "{}", lines[1]);
}
