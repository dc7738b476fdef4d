//! The contract's records to the SDK's types and back. Nothing is decided here.

use std::time::Duration;

use serde_json::Value;
use wellhead_frame::Timestamp;

use super::bindings::datasource::exports::wellhead::plugin::datasource as exports;
use super::bindings::datasource::wellhead::plugin::types;
use super::bindings::streaming::exports::wellhead::plugin::streaming;
use crate::reply::answer::DataResponse;
use crate::reply::pieces::Piece;
use crate::streaming::Packet;
use crate::{
    DataQuery, Error, ErrorSource, Health, HealthStatus, InstanceSettings, RequestContext, StreamAccess, TimeRange,
    User,
};

impl From<types::InstanceSettings> for InstanceSettings<String> {
    fn from(settings: types::InstanceSettings) -> Self {
        Self {
            id: settings.id,
            uid: settings.uid,
            org_id: settings.org_id,
            name: settings.name,
            url: settings.url,
            user: settings.user,
            database: settings.database,
            basic_auth: settings.basic_auth,
            basic_auth_user: settings.basic_auth_user,
            json_data: settings.json_data,
            secrets: settings.secrets.into_iter().collect(),
            version: settings.version,
            extensions: settings.extensions,
        }
    }
}

impl From<types::RequestContext> for RequestContext {
    fn from(context: types::RequestContext) -> Self {
        let user =
            context.user.map(|user| User { login: user.login, name: user.name, email: user.email, role: user.role });
        let budget = match context.budget_ms {
            u32::MAX => Duration::MAX,
            bounded => Duration::from_millis(bounded.into()),
        };
        let mut converted = Self::new(context.org_id, budget);
        converted.user = user;
        converted.headers = context.headers;
        converted.traceparent = context.traceparent;
        converted.extensions = context.extensions;
        converted
    }
}

impl From<types::DataQuery> for DataQuery<String> {
    fn from(query: types::DataQuery) -> Self {
        let range = query.time_range;
        Self {
            ref_id: query.ref_id,
            query_type: query.query_type,
            max_data_points: query.max_data_points,
            interval_ms: query.interval_ms,
            time_range: TimeRange { from: timestamp(range.from), to: timestamp(range.to) },
            model: query.model,
        }
    }
}

/// Saturates at the ends of what 64 bits of nanoseconds hold: the years 1677 and 2262.
fn timestamp(instant: types::Instant) -> Timestamp {
    Timestamp::from_nanos(instant.seconds.saturating_mul(1_000_000_000).saturating_add(instant.nanoseconds.into()))
}

impl From<Error> for types::PluginError {
    fn from(error: Error) -> Self {
        Self {
            status: error.status(),
            source: match error.error_source() {
                ErrorSource::Plugin => types::ErrorSource::Plugin,
                ErrorSource::Downstream => types::ErrorSource::Downstream,
            },
            message: error.message().to_owned(),
            details: error.details().map(Value::to_string),
        }
    }
}

impl From<DataResponse> for types::DataResponse {
    fn from(response: DataResponse) -> Self {
        Self {
            ref_id: response.ref_id,
            status: response.status,
            frames: response.frames,
            error: response.error.map(Into::into),
        }
    }
}

impl From<Piece> for types::Piece {
    fn from(piece: Piece) -> Self {
        match piece {
            Piece::Begin { ref_id, frame, schema } => Self::Begin(types::FrameBegin { ref_id, frame, schema }),
            Piece::Batch { frame, message } => Self::Batch(types::FrameBatch { frame, message }),
            Piece::Done(response) => Self::Done(response.into()),
        }
    }
}

impl From<Health> for exports::Health {
    fn from(health: Health) -> Self {
        Self {
            status: match health.status {
                HealthStatus::Unknown => exports::HealthStatus::Unknown,
                HealthStatus::Ok => exports::HealthStatus::Ok,
                HealthStatus::Error => exports::HealthStatus::Error,
            },
            message: health.message,
            details: health.details.as_ref().map(Value::to_string),
        }
    }
}

impl From<Packet> for streaming::Packet {
    fn from(packet: Packet) -> Self {
        match packet {
            Packet::Frame(frame) => Self::Frame(frame),
            Packet::Batch(message) => Self::Batch(message),
            Packet::Failed(error) => Self::Failed(error.into()),
        }
    }
}

impl From<StreamAccess> for streaming::Access {
    fn from(access: StreamAccess) -> Self {
        match access {
            StreamAccess::Ok => Self::Ok,
            StreamAccess::NotFound => Self::NotFound,
            StreamAccess::PermissionDenied => Self::PermissionDenied,
        }
    }
}
