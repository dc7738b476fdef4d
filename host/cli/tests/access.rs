//! `wellhead org`, `user`, `permission` and `token`: with a server and straight on a data folder; and what they let in.
#![cfg(test)]

mod common;

use common::data::{Data, with_a_server_and_without};
use common::{Ended, Server};
use serde_json::json;

const RANDOM_WALK: &str = r#"{"scenarioId":"random_walk"}"#;

/// Asks testdata as a user.
fn query(server: &Server, login: &str, password: &str) -> Ended {
    let url = server.as_user(login, password);
    common::run(["query", "--server", &url, "--datasource", "testdata", "-o", "csv", RANDOM_WALK])
}

/// Adds a user; the password that was made.
#[track_caller]
fn add(data: &Data, login: &str, more: &[&str]) -> String {
    let password = data.said(&[&["user", "add", login], more].concat());
    assert_eq!((password.len(), password.ends_with('\n')), (25, true), "{password:?}");
    password.trim_end().to_owned()
}

#[test]
fn an_org_is_added_renamed_and_deleted_with_what_is_in_it() {
    with_a_server_and_without(|data| {
        assert_eq!(data.json(&["org", "add", "Operations"])["orgId"], json!(2));
        assert!(data.refused(&["org", "add", "Operations"]).contains("choose another"));
        data.said(&["org", "rename", "Operations", "Ops"]);
        assert_eq!(data.listed(&["org", "list"], "name"), ["Main Org.", "Ops"]);
        data.said(&["token", "create", "theirs", "--org", "2"]);
        assert_eq!(data.said(&["org", "delete", "2"]), "deleted org 2\n");
        assert!(data.refused(&["token", "list", "--org", "2"]).contains("org 2"));
        assert!(data.refused(&["org", "delete", "Ops"]).contains("wellhead org list"));
        data.refused(&["org", "delete", "1"]);
    });
}

#[test]
fn members_come_with_a_role_which_changes_and_go() {
    with_a_server_and_without(|data| {
        data.said(&["org", "add", "Other"]);
        add(data, "ann", &["--email", "ann@example.org", "--role", "Editor"]);
        let members = |org: &str| {
            let listed = data.json(&["org", "members", "--org", org]);
            let members = listed.as_array().unwrap().iter().filter(|member| member["login"] == "ann");
            members.map(|member| member["role"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(members("1"), ["Editor"]);
        assert!(members("2").is_empty());
        data.said(&["org", "add-member", "ann", "--org", "2"]);
        assert_eq!(members("2"), ["Viewer"]);
        data.said(&["org", "set-role", "Ann@example.org", "editor", "--org", "2"]);
        assert_eq!(members("2"), ["Editor"]);
        data.said(&["org", "remove-member", "ann", "--org", "2"]);
        assert!(data.refused(&["org", "remove-member", "ann", "--org", "2"]).contains("wellhead org members"));
        assert_eq!(members("1"), ["Editor"]);
    });
}

#[test]
fn a_user_is_added_changed_and_deleted() {
    with_a_server_and_without(|data| {
        add(data, "ann", &["--name", "Ann"]);
        assert!(data.refused(&["user", "add", "ANN"]).contains("already exists"));
        data.said(&["user", "update", "ann", "--login", "anna", "--email", "anna@example.org"]);
        data.said(&["user", "admin", "anna@example.org", "on"]);
        let anna = data.json(&["user", "get", "anna"]);
        assert_eq!((&anna["name"], &anna["isGrafanaAdmin"]), (&json!("Ann"), &json!(true)), "what is not named stays");
        assert_eq!(anna["orgs"], json!([{"orgId": 1, "name": "Main Org.", "role": "Viewer"}]));
        add(data, "root", &["--admin"]);
        data.said(&["user", "admin", "anna", "off"]);
        let id = anna["id"].to_string();
        data.said(&["user", "disable", &id]);
        assert_eq!(data.json(&["user", "get", &id])["isDisabled"], json!(true));
        data.said(&["user", "enable", &id]);
        assert_eq!(data.json(&["user", "get", &id])["isDisabled"], json!(false));
        assert_eq!(data.said(&["user", "delete", "anna"]), "deleted anna\n");
        assert!(!data.listed(&["user", "list"], "login").contains(&"anna".to_owned()));
        assert!(data.refused(&["user", "get", &id]).contains("wellhead user list"));
        assert!(data.refused(&["user", "update", "root"]).contains("--login"));
    });
}

#[test]
fn users_that_were_added_before_the_first_start_stand_beside_the_admin_it_makes() {
    let data = Data::new();
    let password = add(&data, "ann", &[]);
    let server = data.serve();
    query(&server, "ann", &password).with_code(0);
    query(&server, "admin", common::PASSWORD).with_code(0);
    assert_eq!(data.listed(&["user", "list"], "login"), ["admin", "ann"]);
}

#[test]
fn a_password_is_made_or_comes_from_elsewhere_and_is_no_argument() {
    let data = Data::new();
    let server = data.serve();
    let made = add(&data, "ann", &[]);
    query(&server, "ann", &made).with_code(0);

    let mut set = data.command(&["user", "password", "ann", "--password", "env:A_PASSWORD"]);
    let set = Ended::of(set.env("A_PASSWORD", "anns-password").output().unwrap()).with_code(0);
    assert_eq!(set.stdout, "ann has a new password\n");
    query(&server, "ann", "anns-password").with_code(0);
    query(&server, "ann", &made).with_code(1);

    let file = data.path().join("password");
    std::fs::write(&file, "bobs-password\n").unwrap();
    let from = format!("file:{}", file.display());
    let added = data.json(&["user", "add", "bob", "--password", &from]);
    assert!(added.get("password").is_none(), "{added}");
    query(&server, "bob", "bobs-password").with_code(0);
    let again = data.json(&["user", "password", "bob"]);
    query(&server, "bob", again["password"].as_str().unwrap()).with_code(0);

    let refused = data.refused(&["user", "password", "ann", "--password", "hunter2!"]);
    assert!(refused.contains("env:VARIABLE") && !refused.contains("hunter2!"), "{refused}");
}

#[test]
fn permissions_are_set_removed_and_listed() {
    with_a_server_and_without(|data| {
        add(data, "ann", &[]);
        data.said(&["token", "create", "grafana"]);
        let permissions = |args: &[&str]| {
            let listed = data.json(args);
            let who = |item: &serde_json::Value| {
                let name = item.get("builtInRole").or_else(|| item.get("userLogin"));
                format!("{} {}", name.unwrap().as_str().unwrap(), item["permission"].as_str().unwrap())
            };
            let mut listed: Vec<String> = listed.as_array().unwrap().iter().map(who).collect();
            listed.sort();
            listed
        };
        let open = ["Admin Admin", "Editor Query", "Viewer Query"];
        assert_eq!(permissions(&["permission", "list", "testdata"]), open);
        let with_ann = permissions(&["permission", "set", "TestData", "edit", "--user", "ann"]);
        assert_eq!(with_ann, ["Admin Admin", "Editor Query", "Viewer Query", "ann Edit"]);
        let of_few =
            ["permission", "set", "testdata", "query", "--user", "ann", "--service-account", "grafana", "--only"];
        let few = permissions(&of_few);
        assert!(few[0] == "Admin Admin" && few[1] == "ann Query" && few[2].starts_with("sa-"), "{few:?}");
        assert_eq!(few.len(), 3, "{few:?}");
        let one = permissions(&["permission", "remove", "testdata", "--service-account", "grafana"]);
        assert_eq!(one, ["Admin Admin", "ann Query"]);
        assert_eq!(permissions(&["permission", "list", "testdata"]), one);
        data.run(&["permission", "set", "testdata", "query"]).with_code(2).complains(&["--user"]);
        assert!(
            data.refused(&["permission", "set", "testdata", "query", "--user", "bob"]).contains("wellhead org members")
        );
        assert!(data.refused(&["permission", "list", "nosuch"]).contains("wellhead datasource list"));
    });
}

#[test]
fn only_those_that_are_named_may_query() {
    let data = Data::new();
    let server = data.serve();
    let (ann, bob) = (add(&data, "ann", &[]), add(&data, "bob", &[]));
    query(&server, "bob", &bob).with_code(0);
    data.said(&["permission", "set", "testdata", "query", "--user", "ann"]);
    query(&server, "bob", &bob).with_code(0);
    data.said(&["permission", "set", "testdata", "query", "--user", "ann", "--only"]);
    query(&server, "ann", &ann).with_code(0);
    query(&server, "bob", &bob).with_code(1);
    query(&server, "admin", common::PASSWORD).with_code(0);
    data.said(&["permission", "set", "testdata", "query", "--role", "viewer"]);
    query(&server, "bob", &bob).with_code(0);
}

#[test]
fn an_orgs_admin_looks_after_its_members_and_a_server_admin_after_any_orgs() {
    let data = Data::new();
    let server = data.serve();
    let token = data.said(&["token", "create", "admin", "--role", "admin"]);
    let as_account = ["--server", &server.url, "--token", token.trim_end()];
    data.said(&[&["org", "members"][..], &as_account].concat());
    data.said(&[&["org", "members", "--org", "1"][..], &as_account].concat());
    assert!(data.refused(&[&["org", "list"][..], &as_account].concat()).contains("it needs a server admin"));

    // The operator is no user, so the org has no member, and admin is not one either.
    data.said(&["org", "add", "Other"]);
    let as_admin = ["--server", &server.as_admin()];
    assert!(data.refused(&[&["datasource", "list", "--org", "2"][..], &as_admin].concat()).contains("no member"));
    data.said(&[&["org", "add-member", "admin", "--role", "admin", "--org", "2"][..], &as_admin].concat());
    data.said(&[&["datasource", "list", "--org", "2"][..], &as_admin].concat());
}

#[test]
fn a_token_is_shown_once_and_listed_until_it_is_revoked() {
    with_a_server_and_without(|data| {
        assert!(data.said(&["token", "create", "grafana"]).starts_with("glsa_"));
        let listed = data.json(&["token", "list"]);
        assert_eq!((&listed[0]["name"], &listed[0]["role"]), (&json!("grafana"), &json!("Viewer")));
        assert!(data.refused(&["token", "create", "grafana", "--role", "admin"]).contains("--role viewer"));
        data.said(&["token", "revoke", &listed[0]["id"].to_string()]);
        assert_eq!(data.json(&["token", "list"]), json!([]));
    });
}
