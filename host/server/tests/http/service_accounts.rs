//! Service accounts and their tokens: statuses and messages are Grafana's.

use crate::support::{ADMIN, Answer, As, ROOT, SignedHost};
use serde_json::json;
use wellhead_identity::{NewServiceAccount, Role};

async fn created(host: &SignedHost, name: &str, role: &str) -> i64 {
    let created = host.post(ADMIN, "/api/serviceaccounts/", json!({"name": name, "role": role})).await;
    assert_eq!(created.status, 201, "{}", created.text());
    created.json()["id"].as_i64().unwrap()
}

async fn token(host: &SignedHost, account: i64, name: &str) -> Answer {
    host.post(ADMIN, &format!("/api/serviceaccounts/{account}/tokens"), json!({"name": name})).await
}

#[tokio::test]
async fn an_account_is_made_found_changed_and_deleted() {
    let host = SignedHost::start().await;
    let id = created(&host, "reporter", "Viewer").await;
    let path = format!("/api/serviceaccounts/{id}");
    let mut item = host.get(ADMIN, &path).await.json();
    for made in ["id", "createdAt", "updatedAt"] {
        item[made] = json!(0);
    }
    insta::assert_json_snapshot!(item);
    let again = host.post(ADMIN, "/api/serviceaccounts", json!({"name": "reporter"})).await;
    assert_eq!(again.said(), (400, "service account already exists".into()));
    assert_eq!(host.post(ADMIN, "/api/serviceaccounts", json!({"name": "x", "role": "King"})).await.status, 400);

    let changed = host.patch(ADMIN, &path, json!({"role": "Editor", "isDisabled": true})).await;
    assert_eq!(changed.said(), (200, "Service account updated".into()));
    assert_eq!(changed.json()["serviceaccount"], host.get(ADMIN, &path).await.json());
    let now = host.get(ADMIN, &path).await.json();
    assert_eq!((&now["name"], &now["role"], &now["isDisabled"]), (&json!("reporter"), &json!("Editor"), &json!(true)));

    assert_eq!(host.delete(ADMIN, &path).await.said(), (200, "Service account deleted".into()));
    assert_eq!(host.get(ADMIN, &path).await.said(), (404, "service account not found".into()));
    assert_eq!(host.patch(ADMIN, &path, json!({})).await.status, 404);
    assert_eq!(host.delete(ADMIN, &path).await.status, 404);
    for action in ["serviceaccount.create", "serviceaccount.update", "serviceaccount.delete"] {
        assert_eq!(host.told(action, "done"), 1, "{action}");
    }
}

#[tokio::test]
async fn accounts_are_found_page_by_page_until_one_is_empty() {
    let host = SignedHost::start().await;
    for name in ["reporter-1", "reporter-2", "reporter-3", "writer"] {
        created(&host, name, "Viewer").await;
    }
    for (page, expected) in [(0, 2), (1, 2), (2, 1), (3, 0)] {
        let path = format!("/api/serviceaccounts/search?query=reporter&perpage=2&page={page}");
        let found = host.get(ADMIN, &path).await.json();
        assert_eq!(found["serviceAccounts"].as_array().unwrap().len(), expected, "page {page}");
        assert_eq!((&found["totalCount"], &found["perPage"]), (&json!(3), &json!(2)));
    }
}

#[tokio::test]
async fn a_token_signs_in_until_it_is_deleted_and_is_shown_once() {
    let host = SignedHost::start().await;
    let id = created(&host, "reporter", "Admin").await;
    let made = token(&host, id, "today").await.json();
    let key = made["key"].as_str().unwrap();
    assert_eq!(host.get(As::Token(key.into()), "/api/org").await.status, 200);
    let path = format!("/api/serviceaccounts/{id}/tokens");
    let listed = host.get(ADMIN, &path).await;
    assert!(!listed.text().contains(key) && !host.audit.lines().concat().contains(key));
    let listed = listed.json();
    assert_eq!((&listed[0]["id"], &listed[0]["name"]), (&made["id"], &json!("today")));
    assert_eq!((&listed[0]["hasExpired"], &listed[0]["expiration"]), (&json!(false), &json!(null)));
    let message = "service account token with given name already exists in the organization";
    assert_eq!(token(&host, id, "today").await.said(), (400, message.into()));

    let one = format!("{path}/{}", made["id"]);
    assert_eq!(host.delete(ADMIN, &one).await.said(), (200, "Service account token deleted".into()));
    assert_eq!(host.get(As::Token(key.into()), "/api/org").await.said(), (401, "Invalid API key".into()));
    assert_eq!(host.delete(ADMIN, &one).await.said(), (404, "service account token not found".into()));
    assert_eq!(host.get(ADMIN, &path).await.json(), json!([]));
    assert_eq!(host.told("serviceaccount.token.create", "done"), 1);
    assert_eq!(host.told("serviceaccount.token.delete", "done"), 1);
}

#[tokio::test]
async fn the_life_of_a_token_is_bounded_by_its_maker() {
    let host = SignedHost::start().await;
    let path = format!("/api/serviceaccounts/{}/tokens", created(&host, "reporter", "Viewer").await);
    let made = host.post(ADMIN, &path, json!({"name": "hour", "secondsToLive": 3600})).await;
    assert_eq!(made.status, 200);
    let listed = host.get(ADMIN, &path).await.json();
    let left = listed[0]["secondsUntilExpiration"].as_f64().unwrap();
    assert!(left > 3_000.0 && left <= 3_600.0 && listed[0]["expiration"].is_string(), "{listed}");
    for bad in [json!(-1), json!(i64::MAX), json!("x")] {
        let refused = host.post(ADMIN, &path, json!({"name": "bad", "secondsToLive": bad})).await;
        assert_eq!(refused.status, 400, "{bad}");
    }
    assert_eq!(host.post(ADMIN, "/api/serviceaccounts/99/tokens", json!({"name": "x"})).await.status, 404);
}

#[tokio::test]
async fn no_account_hands_out_more_than_it_has_and_none_is_a_server_admin() {
    let host = SignedHost::start().await;
    for role in ["Viewer", "Editor", "Admin"] {
        let id = created(&host, role, role).await;
        let key = token(&host, id, "t").await.json()["key"].as_str().unwrap().to_owned();
        let who = || As::Token(key.clone());
        let raised = host.patch(who(), &format!("/api/serviceaccounts/{id}"), json!({"role": "Admin"})).await;
        let made = host.post(who(), "/api/serviceaccounts", json!({"name": format!("of {role}")})).await;
        let tokens = host.post(who(), &format!("/api/serviceaccounts/{id}/tokens"), json!({"name": "u"})).await;
        let expected = if role == "Admin" { [200, 201, 200] } else { [403; 3] };
        assert_eq!([raised.status, made.status, tokens.status].map(|status| status.as_u16()), expected, "{role}");
        let root = format!("/api/admin/users/{}/password", host.id("root"));
        for refused in [
            host.put(who(), &root, json!({"password": "taken over"})).await,
            host.post(who(), "/api/orgs", json!({"name": "Mine"})).await,
            host.get(who(), "/api/users").await,
            host.get(who(), "/api/user").await,
        ] {
            assert_eq!(refused.status, 403, "{role}");
        }
    }
}

#[tokio::test]
async fn accounts_of_another_org_are_not_there() {
    let host = SignedHost::start().await;
    let org_id = host.identities.create_org("Team", None).await.unwrap().id;
    let new = NewServiceAccount { org_id, name: "theirs".into(), role: Role::Viewer, is_disabled: false };
    let id = host.identities.create_service_account(new).await.unwrap().id;
    let path = format!("/api/serviceaccounts/{id}");
    assert_eq!(host.get(ADMIN, &path).await.status, 404);
    assert_eq!(host.delete(ADMIN, &path).await.status, 404);
    assert_eq!(host.get(ADMIN, &format!("{path}/tokens")).await.status, 404);
    assert_eq!(token(&host, id, "mine").await.status, 404);
    assert_eq!(host.get(ROOT, &path).await.status, 403, "a server admin is but a viewer there");
}
