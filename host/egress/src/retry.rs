//! When a request is tried again, and after how long. Only requests that change nothing and carry no body are: GET, HEAD
//! and OPTIONS. A 502, 503 or 504 is tried again only where the server itself says when (`Retry-After`): an upstream
//! that fell over under an expensive query is not helped by two more of them.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    time::{Duration, SystemTime},
};

use http::{HeaderMap, Method, StatusCode, header::RETRY_AFTER};

use crate::EgressError;

/// The first pause; each further one is twice as long, up to `max_retry_wait`.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Whether a request may be sent twice at all.
pub(crate) fn is_repeatable(method: &Method, body_is_empty: bool) -> bool {
    body_is_empty && [Method::GET, Method::HEAD, Method::OPTIONS].contains(method)
}

/// Whether a failure is one that another attempt may not meet: the connection failed before a response began.
pub(crate) fn is_passing(error: &EgressError) -> bool {
    matches!(error, EgressError::Refused { .. } | EgressError::Unreachable { .. } | EgressError::Disconnected { .. })
}

/// The pause before attempt `retry` (1 is the first after the original): half of it fixed, half of it chance, so that
/// many clients that failed together do not come back together.
pub(crate) fn pause(retry: u32, longest: Duration) -> Duration {
    let full = FIRST_PAUSE.saturating_mul(1 << retry.saturating_sub(1).min(16)).min(longest);
    let chance = RandomState::new().build_hasher().finish() % 1024;
    full / 2 + full.mul_f64(chance as f64 / 2048.0)
}

/// How long a server that is overloaded for a moment asks to wait; `None` where it does not ask, or asks for more than
/// `longest`.
pub(crate) fn asked_pause(status: StatusCode, headers: &HeaderMap, longest: Duration) -> Option<Duration> {
    if !matches!(status.as_u16(), 502..=504) {
        return None;
    }
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => httpdate::parse_http_date(text).ok()?.duration_since(SystemTime::now()).unwrap_or_default(),
    };
    (wait <= longest).then_some(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(status: u16, value: &str) -> Option<Duration> {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
        asked_pause(StatusCode::from_u16(status).unwrap(), &headers, Duration::from_secs(2))
    }

    #[test]
    fn retry_after_is_honoured_within_bounds_and_for_overload_only() {
        assert_eq!(asked(503, "1"), Some(Duration::from_secs(1)));
        assert_eq!(asked(502, "0"), Some(Duration::ZERO));
        assert_eq!(asked(504, "Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
        for (status, value) in
            [(503, "3"), (503, "99999999999999999999"), (503, "soon"), (503, "-1"), (500, "1"), (429, "1")]
        {
            assert_eq!(asked(status, value), None, "{status} {value}");
        }
        assert_eq!(asked_pause(StatusCode::SERVICE_UNAVAILABLE, &HeaderMap::new(), Duration::MAX), None);
    }

    #[test]
    fn pauses_grow_are_bounded_and_differ() {
        let longest = Duration::from_secs(2);
        for (retry, full) in [(1, 100), (2, 200), (3, 400), (6, 2000), (u32::MAX, 2000)] {
            let full = Duration::from_millis(full);
            let drawn: Vec<_> = (0..64).map(|_| pause(retry, longest)).collect();
            assert!(drawn.iter().all(|pause| (full / 2..=full).contains(pause)), "{drawn:?}");
            assert!(drawn.windows(2).any(|pair| pair[0] != pair[1]));
        }
    }

    #[test]
    fn only_requests_that_change_nothing_are_repeatable() {
        for (method, expected) in [
            (Method::GET, true),
            (Method::HEAD, true),
            (Method::OPTIONS, true),
            (Method::POST, false),
            (Method::PUT, false),
        ] {
            assert_eq!(is_repeatable(&method, true), expected);
            assert!(!is_repeatable(&method, false));
        }
    }
}
