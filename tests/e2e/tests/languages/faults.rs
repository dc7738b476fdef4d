//! Exceptions of plugin code: told with their place in the source, logged with their traceback, and the instance lives on.

use crate::LANGUAGES;
use crate::support::{Log, cases, crashes, error, frame};
use anyhow::Result;
use serde_json::json;
use wellhead_runtime::ErrorSource;

#[tokio::test(flavor = "multi_thread")]
async fn an_exception_is_an_error_with_its_source_line_and_the_instance_lives_on() -> Result<()> {
    let log = Log::keep();
    for (language, said, logged) in [
        ("python", "KeyError: 'raise' (cases.py, line ", "return self.mistake(query.model)"),
        ("js", "TypeError: cannot read property 'value' of undefined (cases.js, line ", "at query (/plugin/cases.js:"),
    ] {
        let host = cases(language, "http://127.0.0.1".to_owned()).await?;
        let failed = error(&host, json!({"do": "raise"})).await?;
        assert_eq!((failed.status, failed.source_of_error), (500, ErrorSource::Plugin), "{language}");
        assert!(failed.message.starts_with(said), "{language}: {failed:?}");
        assert!(failed.message.contains(", in mistake: return "), "{language}: {failed:?}");
        assert!(log.text().contains(logged), "{language}: {}", log.text());
        frame(&host, json!({"do": "types"})).await?;
        assert!(!crashes(&host), "{language}");
    }
    assert_eq!(LANGUAGES.len(), 2, "each language's words stand above");
    Ok(())
}
