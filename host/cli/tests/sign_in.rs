//! Who is let into `wellhead serve`, and what they may do there, over a socket.
#![cfg(test)]

mod common;

use common::{AS_ADMIN, PASSWORD, Server, own_data, plugins, text, wellhead};
use serde_json::{Value, json};
use std::path::Path;

const QUERY: &str = r#"{"from":"now-1m","to":"now","queries":[{"refId":"A","datasource":{"uid":"testdata"},"scenarioId":"random_walk"}]}"#;

/// A route of every kind but the three open ones. Those with a body could be carried out by whoever may.
const ROUTES: [(&str, &str, &str); 24] = [
    ("GET", "/api/datasources", ""),
    ("POST", "/api/datasources", r#"{"name":"New","type":"testdata","access":"proxy"}"#),
    ("GET", "/api/datasources/uid/testdata", ""),
    ("PUT", "/api/datasources/uid/testdata", r#"{"name":"Other","type":"testdata","access":"proxy"}"#),
    ("DELETE", "/api/datasources/uid/testdata", ""),
    ("GET", "/api/datasources/1", ""),
    ("GET", "/api/datasources/name/TestData", ""),
    ("DELETE", "/api/datasources/name/TestData", ""),
    ("GET", "/api/datasources/id/TestData", ""),
    ("GET", "/api/datasources/uid/testdata/health", ""),
    ("GET", "/api/datasources/uid/testdata/resources/scenarios", ""),
    ("GET", "/api/datasources/proxy/uid/testdata/x", ""),
    ("POST", "/api/ds/query", QUERY),
    ("GET", "/api/frontend/settings", ""),
    ("GET", "/api/org", ""),
    ("GET", "/api/plugins", ""),
    ("GET", "/api/plugins/errors", ""),
    ("GET", "/api/plugins/events", ""),
    ("POST", "/api/plugins/testdata/reload", "{}"),
    ("POST", "/api/plugins/testdata/disable", "{}"),
    ("DELETE", "/api/plugins/testdata", ""),
    ("GET", "/metrics", ""),
    ("GET", "/api/openapi.json", ""),
    ("GET", "/api/datasources/uid/nosuch", ""),
];

#[test]
fn without_sign_in_nothing_is_said_but_whether_the_host_is_there_and_well() {
    let server = Server::start(&[]);
    for path in ["/api/health", "/livez", "/readyz"] {
        assert_eq!(server.http_with("Host: w", "GET", path, "").0, 200, "{path}");
    }
    for (method, path, body) in ROUTES {
        let (status, answer) = server.http_with("Host: w", method, path, body);
        let answer: Value = serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{path}: {error}: {answer}"));
        assert_eq!((status, &answer["message"]), (401, &json!("Unauthorized")), "{method} {path}");
    }
    // Nothing of it was carried out.
    assert_eq!(server.http("GET", "/api/datasources/uid/testdata", "").0, 200);
    assert_eq!(server.http("POST", "/api/ds/query", QUERY).0, 200);
}

#[test]
fn wrong_credentials_are_refused_also_where_none_would_do() {
    let server = Server::start(&["--anonymous-viewer"]);
    let unknown = format!("Bearer glsa_{}_00000000", "x".repeat(32));
    for (credentials, says) in [
        ("Basic YWRtaW46d3Jvbmc=", "Invalid username or password"),
        ("Basic bm9ib2R5Ondyb25n", "Invalid username or password"),
        ("Basic YWRtaW4=", "Invalid username or password"),
        (&unknown, "Invalid API key"),
    ] {
        let (status, answer) =
            server.http_with(&format!("Host: w\r\nAuthorization: {credentials}"), "GET", "/api/datasources", "");
        assert_eq!(status, 401, "{credentials}: {answer}");
        assert!(answer.contains(says), "{credentials}: {answer}");
    }
}

#[test]
fn an_anonymous_viewer_may_query_and_change_nothing() {
    let server = Server::start(&["--anonymous-viewer"]);
    for (method, path, body) in ROUTES {
        // It never ends.
        if path == "/api/plugins/events" {
            continue;
        }
        // Metrics tell of every org's data sources.
        let refused = (method != "GET" && path != "/api/ds/query") || path == "/metrics";
        let (status, answer) = server.http_with("Host: w", method, path, body);
        assert_eq!(status == 403, refused, "{method} {path}: {status} {answer}");
        assert_ne!(status, 401, "{method} {path}: {answer}");
    }
    let (status, answer) = server.http_with("Host: w", "POST", "/api/ds/query", QUERY);
    assert_eq!(status, 200, "{answer}");
    let (_, answer) = server.http_with("Host: w", "POST", "/api/plugins/testdata/reload", "{}");
    assert!(answer.contains("it needs a server admin"), "{answer}");
}

fn serve(data: &Path) -> std::process::Command {
    let mut command =
        wellhead(["serve", "--listen", "127.0.0.1:0", "--plugins", text(&plugins()), "--data", text(data)]);
    command.env_remove("WELLHEAD_ADMIN_PASSWORD");
    command
}

#[test]
fn a_password_that_nobody_chose_is_printed_once_and_is_nowhere_else() {
    let data = own_data();
    let (server, before) = Server::after_what_it_says_first(serve(data.path()));
    let password = before.strip_prefix("made the first user: admin, password ").unwrap();
    let password = password.strip_suffix(" (it is not shown again)\n").unwrap().to_owned();
    assert!(password.len() >= 20, "{before}");
    let list = |server: &Server| {
        let url = server.as_user("admin", &password);
        common::run(["query", "--server", &url, "--datasource", "testdata", r#"{"scenarioId":"random_walk"}"#])
    };
    list(&server).with_code(0);
    let mut log = server.stop();

    let (server, before) = Server::after_what_it_says_first(serve(data.path()));
    assert_eq!(before, "", "at the second start there is a user");
    list(&server).with_code(0);
    log.push_str(&server.stop());
    assert!(!log.contains(&password), "{log}");
    for file in ["wellhead.redb", "audit.log"] {
        let bytes = std::fs::read(data.path().join(file)).unwrap();
        assert!(!bytes.windows(password.len()).any(|part| part == password.as_bytes()), "it stands in {file}");
    }
}

#[test]
fn a_password_that_was_chosen_is_not_printed_and_counts_at_the_first_start_alone() {
    let data = own_data();
    let mut command = serve(data.path());
    command.env("WELLHEAD_ADMIN_PASSWORD", PASSWORD);
    let (server, before) = Server::after_what_it_says_first(command);
    assert_eq!(before, "");
    assert_eq!(server.http("GET", "/api/org", "").0, 200);
    assert!(!server.stop().contains(PASSWORD));
    let mut command = serve(data.path());
    command.env("WELLHEAD_ADMIN_PASSWORD", "another-password");
    let server = Server::of(command);
    assert_eq!(server.http("GET", "/api/org", "").0, 200, "the first one goes on to count");
}

#[test]
fn changes_and_refused_sign_ins_are_in_the_audit_log_and_secrets_are_not() {
    let data = own_data();
    let server = Server::start_in(data.path(), &plugins(), &[]);
    let body = r#"{"uid":"new","name":"New","type":"testdata","access":"proxy","secureJsonData":{"password":"s3cr3t-of-new"}}"#;
    assert_eq!(server.http("POST", "/api/datasources", body).0, 200);
    assert_eq!(server.http_with("Host: w\r\nAuthorization: Basic YWRtaW46d3Jvbmc=", "GET", "/api/org", "").0, 401);
    server.stop();
    let log = std::fs::read_to_string(data.path().join("audit.log")).unwrap();
    let entries: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [added, refused] = entries.as_slice() else { panic!("{log}") };
    assert_eq!(
        (&added["login"], &added["action"], &added["target"], &added["outcome"]),
        (&json!("admin"), &json!("datasource.add"), &json!("new"), &json!("done")),
    );
    assert_eq!(
        (&refused["who"], &refused["action"], &refused["target"], &refused["outcome"]),
        (&json!("nobody"), &json!("sign-in"), &json!("admin"), &json!("denied")),
    );
    for secret in ["s3cr3t-of-new", "wrong", PASSWORD, AS_ADMIN] {
        assert!(!log.contains(secret), "{log}");
    }
}
