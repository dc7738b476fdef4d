//! A server that asks who is there, and people to ask as.

use super::{Answer, Gate, Host, request, send};
use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::Full;
use serde_json::Value;
use std::sync::Arc;
use tokio::net::TcpListener;
use wellhead::{Database, Wellhead};
use wellhead_identity::{AuditLog, Authenticator, Identities, MAIN_ORG, NewUser, Role};
use wellhead_server::{Server, ServerConfig, SignIn};

/// Everybody's.
pub(crate) const PASSWORD: &str = "correct horse";

/// Who asks: a login, a token, or nobody.
#[derive(Clone, Debug)]
pub(crate) enum As {
    Nobody,
    User(&'static str),
    Token(String),
}

/// A server admin, who is but a viewer of the main org.
pub(crate) const ROOT: As = As::User("root");
/// Of the main org.
pub(crate) const ADMIN: As = As::User("ada");
pub(crate) const EDITOR: As = As::User("ed");
pub(crate) const VIEWER: As = As::User("vi");

pub(crate) struct SignedHost {
    pub(crate) host: Host,
    pub(crate) identities: Identities,
    pub(crate) audit: AuditLog,
    pub(crate) wellhead: Wellhead,
}

impl SignedHost {
    pub(crate) async fn start() -> Self {
        let identities = Identities::open(Database::in_memory().unwrap()).await.unwrap();
        for (login, role, is_admin) in [
            ("root", Role::Viewer, true),
            ("ada", Role::Admin, false),
            ("ed", Role::Editor, false),
            ("vi", Role::Viewer, false),
        ] {
            let user = NewUser { role, is_admin, org_id: MAIN_ORG, ..NewUser::new(login, PASSWORD) };
            identities.create_user(user).await.unwrap();
        }
        let audit = AuditLog::in_memory();
        let sign_in = SignIn::new(identities.clone(), Authenticator::new(identities.clone()).unwrap(), audit.clone());
        let gate = Arc::new(Gate::default());
        let wellhead = Host::wellhead(&gate).await;
        let server = Server::new(wellhead.clone(), ServerConfig::default()).sign_in(sign_in);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { host: Host::serve(server, listener, gate), identities, audit, wellhead }
    }

    /// The id of a user.
    pub(crate) fn id(&self, login: &str) -> i64 {
        self.identities.user_by_login_or_email(login).unwrap().id
    }

    pub(crate) async fn get(&self, who: As, path: &str) -> Answer {
        self.ask(who, Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, who: As, path: &str, body: Value) -> Answer {
        self.ask(who, Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&self, who: As, path: &str, body: Value) -> Answer {
        self.ask(who, Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn patch(&self, who: As, path: &str, body: Value) -> Answer {
        self.ask(who, Method::PATCH, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, who: As, path: &str) -> Answer {
        self.ask(who, Method::DELETE, path, None).await
    }

    pub(crate) async fn ask(&self, who: As, method: Method, path: &str, body: Option<Value>) -> Answer {
        send(self.host.address, asked(&who, method, path, body)).await.unwrap()
    }

    /// How often the audit log tells of this action with this outcome.
    pub(crate) fn told(&self, action: &str, outcome: &str) -> usize {
        let part = format!("\"action\":\"{action}\"");
        let end = format!("\"outcome\":\"{outcome}\"");
        self.audit.lines().iter().filter(|line| line.contains(&part) && line.contains(&end)).count()
    }
}

/// A request with credentials, in the caller's own org.
pub(crate) fn asked(who: &As, method: Method, path: &str, body: Option<Value>) -> axum::http::Request<Full<Bytes>> {
    let mut request = request(method, path);
    request = match who {
        As::Nobody => request,
        As::User(login) => {
            let pair = STANDARD.encode(format!("{login}:{PASSWORD}"));
            request.header("authorization", format!("Basic {pair}"))
        }
        As::Token(token) => request.header("authorization", format!("Bearer {token}")),
    };
    let body = body.map(|body| body.to_string());
    request.header("content-type", "application/json").body(Full::new(body.unwrap_or_default().into())).unwrap()
}
