//! Who may do what with one data source.

use crate::support::{ADMIN, Answer, As, EDITOR, ROOT, SignedHost, VIEWER};
use serde_json::{Value, json};

const LEGACY: &str = "/api/datasources/uid/two/permissions";
const MANAGED: &str = "/api/access-control/datasources/two";

async fn queries(host: &SignedHost, who: As) -> bool {
    let body = json!({"from": "now-1h", "to": "now", "queries": [{"refId": "A", "datasource": {"uid": "two"}}]});
    let answer = host.post(who, "/api/ds/query", body).await;
    if answer.status == 403 {
        assert_eq!(answer.said().1, "Access denied to data source");
    }
    answer.status != 403
}

async fn set(host: &SignedHost, whom: &str, permission: &str) -> Answer {
    host.post(ADMIN, &format!("{MANAGED}/{whom}"), json!({"permission": permission})).await
}

/// `role or user: permission` of each entry.
async fn listed(host: &SignedHost) -> Vec<String> {
    let entry = |entry: &Value| {
        let who = entry["builtInRole"].as_str().or(entry["userLogin"].as_str()).unwrap();
        format!("{who}: {}", entry["permission"].as_str().unwrap())
    };
    host.get(ADMIN, MANAGED).await.json().as_array().unwrap().iter().map(entry).collect()
}

#[tokio::test]
async fn a_role_loses_and_gets_back_what_it_may() {
    let host = SignedHost::start().await;
    assert_eq!(listed(&host).await, ["Viewer: Query", "Editor: Query", "Admin: Admin"]);
    assert!(queries(&host, VIEWER).await);
    assert_eq!(set(&host, "builtInRoles/Viewer", "").await.said(), (200, "Permission removed".into()));
    assert!(!queries(&host, VIEWER).await && queries(&host, EDITOR).await && queries(&host, ADMIN).await);
    assert_eq!(listed(&host).await, ["Editor: Query", "Admin: Admin"]);
    assert_eq!(set(&host, "builtInRoles/Editor", "").await.status, 200);
    assert!(!queries(&host, EDITOR).await, "the last of the others gone, it is closed and not open");
    assert_eq!(set(&host, "builtInRoles/Viewer", "Query").await.said(), (200, "Permission updated".into()));
    assert!(queries(&host, VIEWER).await && queries(&host, EDITOR).await);
    assert_eq!(host.told("datasource.permissions", "done"), 3);
}

#[tokio::test]
async fn users_and_service_accounts_are_granted_by_their_ids() {
    let host = SignedHost::start().await;
    let made = host.post(ADMIN, "/api/serviceaccounts", json!({"name": "bot"})).await.json();
    let tokens = format!("/api/serviceaccounts/{}/tokens", made["id"]);
    let key = host.post(ADMIN, &tokens, json!({"name": "t"})).await.json()["key"].as_str().unwrap().to_owned();
    set(&host, "builtInRoles/Viewer", "").await;
    assert!(!queries(&host, As::Token(key.clone())).await);
    assert_eq!(set(&host, &format!("users/{}", made["id"]), "Query").await.status, 200);
    assert!(queries(&host, As::Token(key)).await && !queries(&host, VIEWER).await);
    assert_eq!(set(&host, &format!("users/{}", host.id("vi")), "Edit").await.status, 200);
    assert!(queries(&host, VIEWER).await);
    let expected = ["Editor: Query", "Admin: Admin", "sa-1-bot: Query", "vi: Edit"];
    assert_eq!(listed(&host).await, expected);
}

#[tokio::test]
async fn who_was_granted_admin_says_who_else_may() {
    let host = SignedHost::start().await;
    let body = json!({"permission": "Query"});
    let path = format!("{MANAGED}/users/{}", host.id("ed"));
    for permission in ["Query", "Edit"] {
        set(&host, &format!("users/{}", host.id("vi")), permission).await;
        assert_eq!(host.post(VIEWER, &path, body.clone()).await.status, 403, "{permission}");
        assert_eq!(host.get(VIEWER, LEGACY).await.status, 403, "{permission}");
    }
    set(&host, &format!("users/{}", host.id("vi")), "Admin").await;
    assert_eq!(host.post(VIEWER, &path, body).await.status, 200);
    assert_eq!(host.get(VIEWER, LEGACY).await.status, 200);
    assert_eq!(host.get(VIEWER, "/api/access-control/datasources/one").await.status, 403, "another one");
}

#[tokio::test]
async fn the_older_shape_says_the_same_in_numbers() {
    let host = SignedHost::start().await;
    assert_eq!(host.get(ADMIN, LEGACY).await.json(), json!({"datasourceId": 2, "enabled": false, "permissions": []}));
    let added = host.post(ADMIN, LEGACY, json!({"userId": host.id("ed"), "permission": 1})).await;
    assert_eq!(added.said(), (200, "Datasource permission added".into()));
    assert!(queries(&host, EDITOR).await && !queries(&host, VIEWER).await);
    assert_eq!(host.post(ADMIN, LEGACY, json!({"builtInRole": "Viewer", "permission": 2})).await.status, 200);
    assert!(queries(&host, VIEWER).await);
    let mut listed = host.get(ADMIN, LEGACY).await.json();
    listed["permissions"][1]["userId"] = json!(0);
    insta::assert_json_snapshot!(listed);

    let remove = |id: i64| format!("{LEGACY}/{id}");
    assert_eq!(host.delete(ADMIN, &remove(1)).await.said().0, 400, "the admins' goes last");
    for id in [2, 3] {
        assert_eq!(host.delete(ADMIN, &remove(id)).await.said(), (200, "Datasource permission removed".into()));
    }
    assert!(!queries(&host, EDITOR).await, "closed still");
    assert_eq!(host.delete(ADMIN, &remove(1)).await.status, 200);
    assert!(queries(&host, VIEWER).await, "open again");
    assert_eq!(host.delete(ADMIN, &remove(1)).await.said(), (404, "Permission not found".into()));
}

#[tokio::test]
async fn several_are_set_at_once_or_none() {
    let host = SignedHost::start().await;
    let ed = host.id("ed");
    let several = |last: Value| json!({"permissions": [{"userId": ed, "permission": "Edit"}, last]});
    for (bad, status) in [
        (json!({"userId": 999, "permission": "Query"}), 404),
        (json!({"teamId": 1, "permission": "Query"}), 404),
        (json!({"builtInRole": "King", "permission": "Query"}), 400),
        (json!({"builtInRole": "Viewer", "permission": "Own"}), 400),
        (json!({"builtInRole": "Admin", "permission": ""}), 400),
        (json!({"permission": "Query"}), 400),
        (json!({"userId": ed, "builtInRole": "Viewer", "permission": "Query"}), 400),
    ] {
        assert_eq!(host.post(ADMIN, MANAGED, several(bad.clone())).await.status, status, "{bad}");
        assert_eq!(listed(&host).await.len(), 3, "{bad}");
    }
    let good = several(json!({"builtInRole": "Viewer", "userId": 0, "permission": ""}));
    assert_eq!(host.post(ADMIN, MANAGED, good).await.said(), (200, "Permissions updated".into()));
    assert_eq!(listed(&host).await, ["Editor: Query", "Admin: Admin", "ed: Edit"]);
}

#[tokio::test]
async fn what_is_not_there_is_404_and_what_is_no_permission_400() {
    let host = SignedHost::start().await;
    let gone = host.get(ADMIN, "/api/access-control/datasources/nope").await;
    assert_eq!(gone.said(), (404, "Data source not found".into()));
    assert_eq!(set(&host, "users/999", "Query").await.said(), (404, "User not found".into()));
    assert_eq!(set(&host, "teams/1", "Query").await.said(), (404, "Team not found".into()));
    assert_eq!(set(&host, "builtInRoles/King", "Query").await.status, 400);
    assert_eq!(set(&host, "builtInRoles/Viewer", "Own").await.status, 400);
    assert_eq!(set(&host, "users/x", "Query").await.said(), (400, "id is invalid".into()));
    for permission in ["Query", "Edit", ""] {
        assert_eq!(set(&host, "builtInRoles/Admin", permission).await.status, 400, "admins may everything");
    }
    for bad in [json!({"permission": 1}), json!({"builtInRole": "Viewer", "permission": 3})] {
        assert_eq!(host.post(ADMIN, LEGACY, bad.clone()).await.said(), (400, "bad request data".into()), "{bad}");
    }
    assert_eq!(host.get(ROOT, MANAGED).await.status, 403, "a server admin is but a viewer there");
    assert_eq!(host.get(ADMIN, LEGACY).await.json()["enabled"], false, "nothing of it was done");
}

#[tokio::test]
async fn a_refused_rename_onto_another_data_source_leaves_its_permissions_alone() {
    let host = SignedHost::start().await;
    let made = host.post(ADMIN, "/api/datasources", json!({"type": "scripted", "name": "open", "uid": "open"})).await;
    assert_eq!(made.status, 200);
    set(&host, "builtInRoles/Viewer", "").await;
    let rename = |uid: &str, version: i64| {
        let body = json!({"type": "scripted", "name": "open", "uid": uid, "version": version});
        host.put(ADMIN, "/api/datasources/uid/open", body)
    };
    assert_eq!(rename("two", 0).await.status, 409);
    assert!(!queries(&host, VIEWER).await, "closed still");
    assert_eq!(listed(&host).await, ["Editor: Query", "Admin: Admin"]);
    assert_eq!(rename("free", 99).await.status, 409, "the wrong version");
    assert_eq!(
        host.put(ADMIN, "/api/datasources/uid/one", json!({"type": "scripted", "uid": "two"})).await.status,
        403
    );
    assert!(!queries(&host, VIEWER).await, "closed still");
}

#[tokio::test]
async fn permissions_go_along_with_a_rename() {
    let host = SignedHost::start().await;
    set(&host, "builtInRoles/Viewer", "").await;
    let body = json!({"type": "scripted", "name": "alpha", "uid": "moved"});
    assert_eq!(host.put(ADMIN, "/api/datasources/uid/two", body).await.status, 200);
    assert_eq!(host.get(VIEWER, "/api/datasources/uid/moved").await.status, 403);
    assert_eq!(host.get(EDITOR, "/api/datasources/uid/moved").await.status, 200);
    assert_eq!(set(&host, "builtInRoles/Viewer", "Query").await.status, 404, "nothing is there to be opened");
    assert_eq!(host.identities.grants(1, "two").unwrap(), []);
}

#[tokio::test]
async fn who_may_not_query_a_data_source_does_not_read_its_settings_either() {
    let host = SignedHost::start().await;
    set(&host, "builtInRoles/Viewer", "").await;
    for path in ["uid/two", "name/alpha", "2", "id/alpha"] {
        let answer = host.get(VIEWER, &format!("/api/datasources/{path}")).await;
        assert_eq!(answer.said(), (403, "Access denied to data source".into()), "{path}");
        assert_eq!(host.get(EDITOR, &format!("/api/datasources/{path}")).await.status, 200, "{path}");
    }
    let names = |answer: Answer| {
        let names =
            answer.json().as_array().unwrap().iter().map(|source| source["name"].to_string()).collect::<Vec<_>>();
        names.join(" ")
    };
    assert_eq!(names(host.get(VIEWER, "/api/datasources").await), r#""One" "Orphan""#);
    assert_eq!(names(host.get(EDITOR, "/api/datasources").await), r#""alpha" "One" "Orphan""#);
    let settings = host.get(VIEWER, "/api/frontend/settings").await.json();
    assert_eq!(settings["datasources"].as_object().unwrap().keys().collect::<Vec<_>>(), ["One", "Orphan"]);
}

#[tokio::test]
async fn the_password_in_a_url_is_for_who_may_change_the_data_source() {
    let host = SignedHost::start().await;
    let body = json!({"type": "scripted", "name": "alpha", "url": "https://reader:hunter2@db/x"});
    assert_eq!(host.put(ADMIN, "/api/datasources/uid/two", body).await.status, 200);
    let urls = async |who: As| {
        let item = host.get(who.clone(), "/api/datasources/uid/two").await.json();
        let list = host.get(who, "/api/datasources").await.json();
        [item["url"].clone(), list[0]["url"].clone()]
    };
    assert_eq!(urls(ADMIN).await, ["https://reader:hunter2@db/x"; 2]);
    for who in [VIEWER, EDITOR] {
        assert_eq!(urls(who).await, ["https://reader@db/x"; 2]);
    }
    set(&host, &format!("users/{}", host.id("ed")), "Edit").await;
    assert_eq!(urls(EDITOR).await, ["https://reader:hunter2@db/x"; 2]);
    assert_eq!(urls(VIEWER).await, ["https://reader@db/x"; 2]);
}

#[tokio::test]
async fn who_is_refused_a_change_is_written_down_with_what_it_asked() {
    let host = SignedHost::start().await;
    assert_eq!(host.delete(VIEWER, "/api/datasources/uid/two").await.status, 403);
    assert_eq!(host.put(VIEWER, "/api/org", json!({"name": "Mine"})).await.status, 403);
    assert_eq!(host.post(ADMIN, "/api/plugins/scripted/disable", json!({})).await.status, 403);
    assert_eq!(host.post(ADMIN, "/api/wellhead/secrets/rotate", json!({})).await.status, 403);
    assert_eq!(host.get(VIEWER, "/api/org/users").await.status, 403);
    for action in ["datasources.write", "org.write", "plugins.control", "maintain"] {
        assert_eq!(host.told(action, "denied"), 1, "{action}");
    }
    let lines = host.audit.lines();
    assert_eq!(lines.len(), 4, "looking is not written down: {lines:#?}");
    let expected = r#""target":"/api/datasources/uid/two","outcome":"denied","details":{"method":"DELETE"}"#;
    assert!(lines[0].contains(r#""login":"vi""#) && lines[0].contains(expected), "{}", lines[0]);
}
