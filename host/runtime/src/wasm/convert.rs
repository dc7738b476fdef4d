//! Between the host's model and the contract's types. Only what the manifest asks for crosses into the guest.

use super::bindings::datasource::{Health, HealthStatus as WitHealth};
use super::bindings::types;
use crate::{
    Auth, CheckHealthResult, DataQuery, DataSourceSettings, EpochTime, ErrorSource, Forward, GuestError, HealthStatus,
    Manifest, PluginContext, SecretValues, TimeRange, User,
};
use std::time::Duration;

/// The private key of a client certificate: egress alone speaks TLS, so no guest has a use for it.
const CLIENT_KEY: &str = "tlsClientKey";
/// Longest error or health message that is passed on, in bytes.
const MAX_MESSAGE: usize = 16 << 10;
/// Largest `details` document that is passed on, in bytes.
const MAX_DETAILS: usize = 256 << 10;

pub(super) fn settings(settings: &DataSourceSettings, manifest: &Manifest) -> types::InstanceSettings {
    let secrets = match manifest.capabilities().auth {
        Auth::Guest => settings
            .secrets
            .iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .filter(|(key, _)| *key != CLIENT_KEY)
            .collect(),
        Auth::Host => Vec::new(),
    };
    types::InstanceSettings {
        id: settings.id,
        uid: settings.uid.clone(),
        org_id: settings.org_id,
        name: settings.name.clone(),
        url: settings.url.clone(),
        user: settings.user.clone(),
        database: settings.database.clone(),
        basic_auth: settings.basic_auth,
        basic_auth_user: settings.basic_auth_user.clone(),
        json_data: serde_json::Value::from(settings.json_data.clone()).to_string(),
        secrets,
        version: settings.version,
        extensions: Vec::new(),
    }
}

pub(super) fn context(context: &PluginContext, manifest: &Manifest, budget: Duration) -> types::RequestContext {
    let forward = &manifest.capabilities().forward;
    types::RequestContext {
        org_id: context.org_id,
        user: context.user.as_ref().filter(|_| forward.contains(&Forward::User)).map(user),
        headers: if forward.contains(&Forward::Headers) { context.headers.clone() } else { Vec::new() },
        traceparent: context.traceparent.clone(),
        budget_ms: u32::try_from(budget.as_millis()).unwrap_or(u32::MAX),
        extensions: Vec::new(),
    }
}

fn user(user: &User) -> types::User {
    let User { login, name, email, role } = user.clone();
    types::User { login, name, email, role }
}

pub(super) fn query(query: DataQuery) -> types::DataQuery {
    let DataQuery { ref_id, query_type, max_data_points, interval_ms, time_range: TimeRange { from, to }, model } =
        query;
    let time_range = types::TimeRange { from: instant(from), to: instant(to) };
    types::DataQuery { ref_id, query_type, max_data_points, interval_ms: interval_ms.max(1), time_range, model }
}

fn instant(time: EpochTime) -> types::Instant {
    types::Instant { seconds: time.seconds, nanoseconds: time.nanoseconds }
}

/// A guest's error with a status that is one, a message of bounded length, and no secret in it.
pub(super) fn guest_error(error: types::PluginError, secrets: &SecretValues) -> GuestError {
    let source_of_error = match error.source {
        types::ErrorSource::Plugin => ErrorSource::Plugin,
        types::ErrorSource::Downstream => ErrorSource::Downstream,
    };
    let status = match error.status {
        status @ 400..=599 => status,
        _ => 500,
    };
    let message = GuestError::said(bounded(secrets.redact(error.message), MAX_MESSAGE));
    GuestError { status, source_of_error, message, details: details(error.details, secrets) }
}

pub(super) fn health(health: Health, secrets: &SecretValues) -> CheckHealthResult {
    let status = match health.status {
        WitHealth::Unknown => HealthStatus::Unknown,
        WitHealth::Ok => HealthStatus::Ok,
        WitHealth::Error => HealthStatus::Error,
    };
    let message = bounded(secrets.redact(health.message), MAX_MESSAGE);
    CheckHealthResult { status, message, details: details(health.details, secrets) }
}

/// `details` where it is what it is said to be: a JSON object of bounded size.
fn details(details: Option<String>, secrets: &SecretValues) -> Option<String> {
    let details = details.filter(|text| text.len() <= MAX_DETAILS)?;
    serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&details).ok()?;
    Some(secrets.redact(details))
}

fn bounded(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        let end = (0..=limit).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(status: u16, message: &str, details: Option<&str>) -> types::PluginError {
        let details = details.map(str::to_owned);
        types::PluginError { status, source: types::ErrorSource::Downstream, message: message.into(), details }
    }

    #[test]
    fn a_guests_status_outside_the_error_range_becomes_500() {
        for (given, expected) in [(0, 500), (200, 500), (399, 500), (400, 400), (599, 599), (600, 500), (65_535, 500)] {
            assert_eq!(guest_error(error(given, "x", None), &SecretValues::new()).status, expected);
        }
    }

    #[test]
    fn secrets_are_blanked_in_messages_and_details_and_details_that_are_no_object_are_dropped() {
        let secrets = SecretValues::from_iter([("password", "hunter2!")]);
        let shown = guest_error(error(401, "wrong password hunter2!", Some(r#"{"p":"hunter2!"}"#)), &secrets);
        assert_eq!(shown.message, "wrong password [secret]");
        assert_eq!(shown.details.as_deref(), Some(r#"{"p":"[secret]"}"#));
        assert_eq!(guest_error(error(401, "x", Some("[1]")), &secrets).details, None);
    }

    #[test]
    fn a_message_of_megabytes_is_cut() {
        let shown = guest_error(error(500, &"é".repeat(1 << 20), None), &SecretValues::new());
        assert!(shown.message.len() <= MAX_MESSAGE + '…'.len_utf8() && shown.message.ends_with('…'));
    }

    #[test]
    fn secrets_user_and_headers_enter_the_guest_only_where_the_manifest_says_so() {
        let manifest = |wellhead: &str| {
            let text =
                format!(r#"{{"id":"x","name":"X","type":"datasource","wellhead":{{"contract":"0.1.0",{wellhead}}}}}"#);
            Manifest::from_json(text.as_bytes()).unwrap()
        };
        let secrets = SecretValues::from_iter([("password", "hunter2!"), (CLIENT_KEY, "the host's alone")]);
        let source = DataSourceSettings { secrets, ..Default::default() };
        let mut asked = PluginContext::for_data_source(source.clone());
        asked.user = Some(User { login: "ann".into(), ..Default::default() });
        asked.headers = vec![("x-id-token".into(), "t".into())];
        let (nothing, all) = (
            manifest(r#""capabilities":{"auth":"host"}"#),
            manifest(r#""capabilities":{"auth":"guest","forward":["user","headers"]}"#),
        );
        let budget = Duration::from_secs(1);
        assert!(settings(&source, &nothing).secrets.is_empty());
        assert_eq!(settings(&source, &all).secrets.len(), 1);
        let sealed = context(&asked, &nothing, budget);
        assert!(sealed.user.is_none() && sealed.headers.is_empty());
        let open = context(&asked, &all, budget);
        assert!(open.user.is_some() && open.headers.len() == 1 && open.budget_ms == 1000);
    }
}
