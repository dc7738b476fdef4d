//! Who may ask what: every route there is, and what each kind of caller gets.

use crate::support::{ADMIN, As, EDITOR, PASSWORD, ROOT, SignedHost, VIEWER, asked};
use axum::http::{Method, Request};
use bytes::Bytes;
use http_body_util::Full;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::fmt::Write;
use std::net::SocketAddr;
use tokio::net::TcpStream;
use wellhead::{DataSource, DataSourceKey};

/// Routes that the OpenAPI document does not tell of.
const UNDESCRIBED: [(&str, &str); 30] = [
    ("get", "/api/live/ws"),
    ("get", "/livez"),
    ("get", "/readyz"),
    ("get", "/metrics"),
    ("get", "/api/openapi.json"),
    ("get", "/api/plugins/errors"),
    ("get", "/api/plugins/events"),
    ("delete", "/api/plugins/{id}"),
    ("post", "/api/plugins/{id}/reload"),
    ("post", "/api/plugins/{id}/rollback"),
    ("post", "/api/plugins/{id}/pin"),
    ("post", "/api/plugins/{id}/unpin"),
    ("post", "/api/plugins/{id}/enable"),
    ("post", "/api/plugins/{id}/disable"),
    ("post", "/api/plugins/{id}/auto-reload"),
    ("post", "/api/plugins/{id}/decommission"),
    ("post", "/api/plugins/{id}/release"),
    ("get", "/api/datasources/uid/{uid}/resources"),
    ("get", "/api/datasources/uid/{uid}/resources/x"),
    ("post", "/api/datasources/uid/{uid}/resources/x"),
    ("get", "/api/datasources/proxy/uid/{uid}"),
    ("get", "/api/datasources/proxy/uid/{uid}/"),
    ("get", "/api/datasources/proxy/uid/{uid}/x"),
    ("post", "/api/datasources/proxy/uid/{uid}/x"),
    ("get", "/api/datasources/proxy/{id}"),
    ("get", "/api/datasources/proxy/{id}/"),
    ("get", "/api/datasources/proxy/{id}/x"),
    ("post", "/api/datasources/proxy/{id}/x"),
    ("post", "/api/serviceaccounts/"),
    ("get", "/no/such/path"),
];

struct Route {
    method: Method,
    path: String,
    body: Option<Value>,
    /// The statuses that the document tells of.
    described: Option<Vec<String>>,
}

/// A body that is read without complaint, so that what is refused is the caller: about things that are not there.
fn body(schema: &str) -> Value {
    match schema {
        "BackUp" => json!({"file": "/nowhere/at/all"}),
        "DataSourceCommand" => json!({"type": "scripted", "name": "here"}),
        "QueryBody" => {
            json!({"from": "now-1h", "to": "now", "queries": [{"refId": "A", "datasource": {"uid": "here"}}]})
        }
        "OrgName" => json!({"name": "Another name"}),
        "NewMember" => json!({"loginOrEmail": "nope", "role": "Viewer"}),
        "MemberRole" => json!({"role": "Viewer"}),
        "UserCommand" | "ServiceAccountUpdate" => json!({}),
        "NewUser" => json!({"login": "new", "password": PASSWORD}),
        "NewPassword" => json!({"password": PASSWORD}),
        "PasswordChange" => json!({"oldPassword": PASSWORD, "newPassword": PASSWORD}),
        "ServerPermissions" => json!({"isGrafanaAdmin": true}),
        "NewServiceAccount" | "NewToken" => json!({"name": "new"}),
        "NewPermission" => json!({"builtInRole": "Viewer", "permission": 1}),
        "PermissionName" => json!({"permission": "Query"}),
        "Publication" => json!({"channel": "stream/nobody/listens", "data": 1}),
        "PermissionList" => json!({"permissions": []}),
        other => panic!("no body of the kind {other}: write one here"),
    }
}

fn described(document: &Value) -> Vec<Route> {
    let mut routes = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let schema = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str();
            routes.push(Route {
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                body: schema.map(|schema| body(schema.rsplit('/').next().unwrap())),
                described: Some(operation["responses"].as_object().unwrap().keys().cloned().collect()),
            });
        }
    }
    routes
}

fn undescribed() -> impl Iterator<Item = Route> {
    UNDESCRIBED.iter().map(|(method, path)| {
        let body = match path.rsplit('/').next() {
            Some("pin") => Some(json!({"hash": "00"})),
            Some("auto-reload") => Some(json!({"enabled": false})),
            Some("") if *method == "post" => Some(json!({"name": "another"})),
            _ => None,
        };
        Route { method: method.to_uppercase().parse().unwrap(), path: (*path).to_owned(), body, described: None }
    })
}

/// The path with names of what is not there, so that who is let in gets 404 and breaks nothing; data sources are there,
/// because whether one may change them is asked after whether they are. And of orgs only the own one is good to switch to.
fn filled(path: &str, source_id: i64) -> String {
    let source_id = source_id.to_string();
    let id = match path {
        "/api/user/using/{id}" => "1",
        path if path.starts_with("/api/datasources/") => source_id.as_str(),
        _ => "999",
    };
    let mut path = path.replace("{role}", "Viewer").replace("{uid}", "here").replace("{name}", "here");
    path = path.replace("{scope}/{namespace}/{path}", "ds/here/x");
    for name in ["{id}", "{userId}", "{orgId}", "{tokenId}", "{permissionId}", "{teamId}"] {
        path = path.replace(name, id);
    }
    assert!(!path.contains('{'), "{path}: say here what stands for it");
    if path == "/api/users/lookup" { format!("{path}?loginOrEmail=nope") } else { path }
}

/// The id of the data source that every row is about, made again where the row before deleted it.
async fn source(host: &SignedHost) -> i64 {
    let sources = host.wellhead.data_sources();
    let _ = sources.add(DataSource::new("here", "here", "scripted")).await;
    sources.get(1, &DataSourceKey::Uid("here".into())).await.unwrap().id
}

/// The status, without waiting for a body that may never end.
async fn status(address: SocketAddr, request: Request<Full<Bytes>>) -> u16 {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let response = sender.send_request(request).await.unwrap();
    connection.abort();
    response.status().as_u16()
}

#[tokio::test]
async fn the_table_of_what_each_caller_gets_from_every_route() {
    let host = SignedHost::start().await;
    let document = host.get(VIEWER, "/api/openapi.json").await.json();
    // The org's admin last, who may delete the data source.
    let callers = [As::Nobody, VIEWER, EDITOR, ROOT, ADMIN];
    let mut hidden = Vec::new();
    let mut table = format!("{:<67} nobody viewer editor server  admin\n", "");
    for route in described(&document).into_iter().chain(undescribed()) {
        let Route { method, path, body, described } = route;
        let source_id = source(&host).await;
        write!(table, "{:<67}", format!("{method} {path}")).unwrap();
        for caller in &callers {
            let request = asked(caller, method.clone(), &filled(&path, source_id), body.clone());
            let status = status(host.host.address, request).await.to_string();
            if described.as_ref().is_some_and(|described| !described.contains(&status)) {
                hidden.push(format!("{method} {path} gives {status}"));
            }
            write!(table, " {status:>6}").unwrap();
        }
        table.push('\n');
    }
    insta::assert_snapshot!(table);
    assert_eq!(hidden, Vec::<String>::new(), "the document does not tell of these");
}

#[tokio::test]
async fn the_document_names_every_status_and_every_schema() {
    let host = SignedHost::start().await;
    let document = host.get(VIEWER, "/api/openapi.json").await.json();
    for route in described(&document) {
        let described = route.described.unwrap();
        assert!(!described.contains(&"default".to_owned()), "{} {}", route.method, route.path);
        let gated = ["400", "401", "403", "405", "429", "500", "503"];
        let is_open = route.path == "/api/health";
        assert!(is_open || gated.iter().all(|status| described.contains(&(*status).to_owned())), "{}", route.path);
    }
    let text = document.to_string();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(schemas.contains_key(name), "{name} is spoken of and not there");
    }
}

#[tokio::test]
async fn without_sign_in_there_is_nobody_to_administer() {
    let host = crate::support::Host::start().await;
    for path in ["/api/org/users", "/api/orgs", "/api/user", "/api/users", "/api/serviceaccounts/search"] {
        let answer = host.get(path).await;
        assert_eq!(answer.said(), (404, "Not found".into()), "{path}");
        assert!(answer.json()["extra"]["detail"].as_str().unwrap().contains("no sign-in"), "{path}");
    }
    let permissions = host.get("/api/access-control/datasources/two").await;
    assert_eq!(permissions.status.as_u16(), 404);
}
