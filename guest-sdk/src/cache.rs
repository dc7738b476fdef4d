//! Memory that the replicas of one data source on a host share. It may lose anything at any time, is never on disk, and is
//! emptied when the plugin or the data source's settings change: for answers that are dear to get twice.

use std::future::Future;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::imports;

/// The bytes under `key`, if they are still there. A key has at most 512 bytes.
pub fn get(key: &str) -> Option<Vec<u8>> {
    imports::cache_get(key)
}

/// Keeps bytes, at most 1 MiB, for so long at most.
pub fn set(key: &str, value: &[u8], ttl: Duration) {
    imports::cache_set(key, value, u32::try_from(ttl.as_millis()).unwrap_or(u32::MAX));
}

/// Forgets what is under `key`.
pub fn delete(key: &str) {
    imports::cache_delete(key);
}

/// The value under `key`, if it is still there and still of this type.
pub fn get_json<T: DeserializeOwned>(key: &str) -> Option<T> {
    serde_json::from_slice(&get(key)?).ok()
}

/// Keeps a value as JSON. One that serde cannot write is not kept, which a cache may always do.
pub fn set_json<T: Serialize>(key: &str, value: &T, ttl: Duration) {
    if let Ok(bytes) = serde_json::to_vec(value) {
        set(key, &bytes, ttl);
    }
}

/// The value under `key`; where there is none, `fetch` gets it and it is kept. Failures are not kept.
pub async fn json_or_fetch<T, E, F>(key: &str, ttl: Duration, fetch: impl FnOnce() -> F) -> Result<T, E>
where
    T: Serialize + DeserializeOwned,
    F: Future<Output = Result<T, E>>,
{
    if let Some(value) = get_json(key) {
        return Ok(value);
    }
    let value = fetch().await?;
    set_json(key, &value, ttl);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pollster::block_on;

    const LONG: Duration = Duration::from_secs(600);

    #[test]
    fn what_is_fetched_once_is_not_fetched_again() {
        let fetch = |value: u32| block_on(json_or_fetch("fetched", LONG, || async move { Ok::<_, ()>(value) }));
        assert_eq!((fetch(1), fetch(2)), (Ok(1), Ok(1)));
        delete("fetched");
        assert_eq!(fetch(3), Ok(3));
    }

    #[test]
    fn a_failure_is_not_kept() {
        let fetch = |value: Result<u32, &'static str>| block_on(json_or_fetch("failing", LONG, || async { value }));
        assert_eq!((fetch(Err("down")), fetch(Ok(1))), (Err("down"), Ok(1)));
    }

    #[test]
    fn a_value_of_another_type_is_as_good_as_none() {
        set_json("typed", &"text", LONG);
        assert_eq!(get_json::<u32>("typed"), None);
        assert_eq!(get_json::<String>("typed").as_deref(), Some("text"));
    }

    #[test]
    fn nothing_lives_longer_than_its_ttl() {
        set("short", b"x", Duration::ZERO);
        assert_eq!(get("short"), None);
    }
}
