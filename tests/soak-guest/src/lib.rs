//! A data source that says which build of it answers.
//!
//! The build stands in a marker among its data, so that another build is made by changing bytes of the file, without a
//! compiler. It is not declared idempotent: a call that were lost in a reload would show.

use std::time::Duration;
use wellhead_sdk::prelude::*;
use wellhead_sdk::task;

/// What stands before the build: four digits, or `trap` for a build that cannot be configured.
const MARK: usize = b"wellhead-soak-build=".len();

static MARKER: [u8; MARK + 4] = *b"wellhead-soak-build=0000";

/// Read as it stands in the file: the compiler may not take the value it knows instead.
fn build() -> Result<u32, Error> {
    // SAFETY: a reference to a static is valid to read from.
    let marker = unsafe { std::ptr::read_volatile(&raw const MARKER) };
    let digits = marker.get(MARK..).and_then(|digits| std::str::from_utf8(digits).ok());
    let build = digits.and_then(|digits| digits.parse().ok());
    build.ok_or_else(|| Error::plugin("the marker holds no build"))
}

struct Soak {
    build: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Query {
    /// How long to wait before answering, so that the call is in flight while the plugin is replaced.
    #[serde(default)]
    wait_ms: u64,
}

impl DataSource for Soak {
    type Settings = serde_json::Value;
    type Query = Query;

    #[expect(clippy::panic, reason = "a build that traps is what it is asked for")]
    fn configure(_: InstanceSettings<Self::Settings>) -> Result<Self, Error> {
        match build() {
            Ok(build) => Ok(Self { build }),
            Err(error) => panic!("{error}"),
        }
    }

    async fn query(&self, _: &RequestContext, query: DataQuery<Query>) -> Result<QueryResult, Error> {
        if query.model.wait_ms > 0 {
            task::sleep(Duration::from_millis(query.model.wait_ms)).await;
        }
        let frame = Frame::builder("build").column(Field::new("build"), vec![i64::from(self.build)]);
        Ok(frame.build()?.into())
    }
}

wellhead_sdk::export!(Soak, "plugin.json");
